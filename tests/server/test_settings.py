"""Settings: what is read, what is refused and how, and that the documentation lists what there is."""

import os
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, RSAKey
from pydantic import ValidationError

from server.settings import PREFIX, Settings, SettingsError, accepted, load, unknown_variables, variable

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(COLLEGIUM_\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
SECRET = "plainly-a-test-secret-of-some-length"


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of our variables."""
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    return monkeypatch


def problems(**given: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(**given)
    return caught.value.problems


def test_without_variables_the_server_is_local_embedded_and_has_no_keys() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.lms_port, settings.studio_port) == ("127.0.0.1", 8000, 18000, 18010)
    assert settings.database_url.render_as_string() == "sqlite+aiosqlite:///.collegium/collegium.db"
    assert (settings.jwt_secret, settings.jwt_public_keys, settings.jwt_audience) == (None, None, None)


def test_the_database_stands_in_the_data_folder(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COLLEGIUM_DATA_DIR", "/srv/a folder?with#signs")
    assert load().database_url.database == "/srv/a folder?with#signs/collegium.db"


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("postgresql://u@h/x", "postgresql+asyncpg://u@h/x"),
        ("postgresql+asyncpg://u@h:5433/x", "postgresql+asyncpg://u@h:5433/x"),
        ("postgresql:///x?host=/run/postgresql", "postgresql+asyncpg:///x?host=%2Frun%2Fpostgresql"),
        ("sqlite:///some/file.db", "sqlite+aiosqlite:///some/file.db"),
        ("sqlite:////srv/file.db", "sqlite+aiosqlite:////srv/file.db"),
        ("sqlite+aiosqlite:///file.db", "sqlite+aiosqlite:///file.db"),
    ],
)
def test_database_addresses_get_the_driver_that_is_used(environ: pytest.MonkeyPatch, given: str, normal: str) -> None:
    environ.setenv("COLLEGIUM_DATABASE_URL", given)
    assert load().database_url.render_as_string() == normal


@pytest.mark.parametrize(
    "given",
    [
        "mysql://u:hunter2@h/x",
        "postgresql+psycopg://u:hunter2@h/x",
        "postgres://u:hunter2@h/x",
        "postgresql://u:hunter2@h:port/x",
        "postgresql://u:hunter2@h",
        "postgresql://u@h/x?password=hunter2",
        "sqlite://",
        "sqlite:///:memory:",
        "hunter2.db",
    ],
)
def test_other_databases_are_refused_with_what_is_accepted(environ: pytest.MonkeyPatch, given: str) -> None:
    environ.setenv("COLLEGIUM_DATABASE_URL", given)
    (problem,) = problems()
    assert problem.startswith("COLLEGIUM_DATABASE_URL: ")
    assert problem.endswith("accepted: postgresql://user:password@host:port/name or sqlite:///path")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "eighty", "COLLEGIUM_PORT='eighty': Input should be a valid integer"),
        ("PORT", "65536", "COLLEGIUM_PORT='65536': Input should be less than or equal to 65535"),
        ("PORT", "-1", "COLLEGIUM_PORT='-1': "),
        ("LMS_URL", "lms.example.org", "COLLEGIUM_LMS_URL='lms.example.org': this is not the address of a site"),
        ("LMS_URL", "ftp://lms.example.org", "COLLEGIUM_LMS_URL='ftp://lms.example.org': "),
        ("LMS_URL", "https://me:hunter2@lms.example.org", "COLLEGIUM_LMS_URL: nothing but scheme, host, port and path"),
        ("STUDIO_URL", "https://h/?a=b", "COLLEGIUM_STUDIO_URL='https://h/?a=b': "),
        ("LMS_TIMEOUT", "0", "COLLEGIUM_LMS_TIMEOUT='0': "),
        ("JWT_LEEWAY", "301", "COLLEGIUM_JWT_LEEWAY='301': "),
        ("EXPLORER", "perhaps", "COLLEGIUM_EXPLORER='perhaps': "),
        ("LOG_LEVEL", "loud", "COLLEGIUM_LOG_LEVEL='loud': "),
        ("LOG_FORMAT", "xml", "COLLEGIUM_LOG_FORMAT='xml': "),
        ("AUTHORS", "[ada", "COLLEGIUM_AUTHORS='[ada': it begins like a JSON list but is none"),
        ("AUTHORS", "[1]", "COLLEGIUM_AUTHORS=1: Input should be a valid string"),
        ("JWT_AUDIENCE", " , ", "COLLEGIUM_JWT_AUDIENCE=' , ': it holds no name"),
        ("JWT_AUDIENCE", '[""]', "COLLEGIUM_JWT_AUDIENCE='': "),
    ],
)
def test_a_wrong_variable_gets_one_line(environ: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    environ.setenv(f"COLLEGIUM_{name}", value)
    (problem,) = problems()
    assert problem.startswith(line)
    assert f"; accepted: {accepted(Settings.model_fields[name.lower()]).words}" in problem
    assert "hunter2" not in problem
    assert "\n" not in problem


def test_all_wrong_variables_are_reported_at_once(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COLLEGIUM_PORT", "eighty")
    environ.setenv("COLLEGIUM_JWT_PUBLIC_KEYS", "{}")
    assert [line.partition("_")[2].partition("=")[0].partition(":")[0] for line in problems()] == [
        "PORT",
        "JWT_PUBLIC_KEYS",
    ]


def test_a_field_that_is_none_is_refused_by_name() -> None:
    assert problems(colour="red") == ("COLLEGIUM_COLOUR is not a setting",)


def test_a_long_value_is_cut(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COLLEGIUM_PORT", "9" * 50 + "x" * 5000)
    assert len(problems()[0]) < 300


def test_an_empty_variable_is_as_good_as_none(environ: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        environ.setenv(variable(name), "")
    given = load()
    for name in Settings.model_fields:
        environ.delenv(variable(name))
    assert given == load(jwt_audience=())


@pytest.mark.parametrize(
    ("text", "names"),
    [("ada", ("ada",)), (" ada , Grace,", ("ada", "Grace")), ('["a,b", "c"]', ("a,b", "c")), ("[]", ())],
)
def test_names_are_read_from_commas_or_json(environ: pytest.MonkeyPatch, text: str, names: tuple[str, ...]) -> None:
    environ.setenv("COLLEGIUM_AUTHORS", text)
    assert load().authors == names


def test_addresses_lose_their_last_slash_and_levels_their_case(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COLLEGIUM_LMS_URL", "https://example.org/lms/")
    environ.setenv("COLLEGIUM_LOG_LEVEL", "WARNING")
    environ.setenv("collegium_port", "0")
    settings = load()
    assert (settings.lms_url, settings.log_level, settings.port) == ("https://example.org/lms", "warning", 0)


def test_what_is_given_stands_before_the_environment(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COLLEGIUM_PORT", "1")
    assert load(port=2).port == 2


def test_settings_do_not_change() -> None:
    field = "port"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(load(), field, 1)


def test_no_secret_shows_in_a_repr() -> None:
    settings = load(
        database_url="postgresql://u:hunter2@h/x", lms_client_secret="hunter2", jwt_secret="hunter2" * 5,
        jwt_audience=["a"], jwt_issuers=["i"],
    )  # fmt: skip
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == "hunter2" * 5
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hunter2" not in f"{settings.database_url!r} {settings.database_url}"


def test_every_secret_is_among_the_hidden() -> None:
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secret == {
        "events_secret", "jwt_secret", "lms_client_secret", "metrics_token", "redis_url", "studio_password",
        "token_secret", "webhook_secret",
    }  # fmt: skip
    assert secret < {name for name, field in Settings.model_fields.items() if accepted(field).hidden}


PARTNER = {
    "lms_url": "https://lms.partner.example.org/",
    "studio_url": "https://studio.partner.example.org",
    "client_id": "collegium",
    "client_secret": "hunter2",
}


def test_instances_of_open_edx_are_read_by_name_and_keep_their_secrets(environ: pytest.MonkeyPatch) -> None:
    users = {"username": "worker", "password": "hunter2"}
    environ.setenv("COLLEGIUM_INSTANCES", orjson.dumps({"partner": PARTNER, "two": {**PARTNER, **users}}).decode())
    settings = load()
    assert settings.instances["partner"].lms_url == "https://lms.partner.example.org"
    assert (settings.instances["partner"].username, settings.instances["two"].username) == (None, "worker")
    assert settings.instances["two"].client_secret.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("hunter2", "it is no JSON"),
        ('["hunter2"]', "it is no object of instances by name"),
        ({"Partner": PARTNER}, "'Partner' cannot be a name"),
        ({"default": PARTNER}, "'default' is the instance of the other settings"),
        ({"a": "hunter2"}, "a: Input should be a valid dictionary"),
        ({"a": {**PARTNER, "studio_url": "hunter2"}}, "a.studio_url: this is not the address of a site"),
        ({"a": {**PARTNER, "secret": "hunter2"}}, "a.secret: Extra inputs are not permitted"),
        ({"a": {**PARTNER, "client_secret": ""}}, "a.client_secret: Value should have at least 1 item"),
        ({"a": {"client_secret": "hunter2"}}, "a.lms_url: Field required"),
        ({"a": {**PARTNER, "password": "hunter2"}}, "a: username and password belong together"),
    ],
)
def test_other_instances_are_refused_and_never_shown(environ: pytest.MonkeyPatch, given: Any, reason: str) -> None:
    environ.setenv("COLLEGIUM_INSTANCES", given if isinstance(given, str) else orjson.dumps(given).decode())
    (problem,) = problems()
    assert problem.startswith(f"COLLEGIUM_INSTANCES: {reason}")
    assert "hunter2" not in problem


def test_a_user_of_studio_has_a_name_and_a_password() -> None:
    assert problems(studio_username="worker") == (
        "COLLEGIUM_STUDIO_USERNAME and COLLEGIUM_STUDIO_PASSWORD must be set together",
    )


# Keys need an audience and issuers: domain notes on JWT, "verify aud (setting), iss ∈ configured issuers".


def test_keys_without_an_audience_or_issuers_are_refused(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COLLEGIUM_JWT_SECRET", SECRET)
    assert problems() == (
        "COLLEGIUM_JWT_AUDIENCE must be set where keys for tokens are; set it empty to check no audience",
    )
    environ.setenv("COLLEGIUM_JWT_AUDIENCE", "")
    assert problems() == ("COLLEGIUM_JWT_ISSUERS must be set where keys for tokens are",)
    environ.setenv("COLLEGIUM_JWT_ISSUERS", "https://lms.example.org/oauth2")
    assert load().jwt_audience == ()


def test_a_set_of_public_keys_is_taken() -> None:
    text = key_set(RSAKey.generate_key(2048))
    assert load(jwt_public_keys=text, jwt_audience=[], jwt_issuers=["i"]).jwt_public_keys == text


def key_set(*keys: RSAKey | ECKey, private: bool = False) -> str:
    return orjson.dumps(KeySet(list(keys)).as_dict(private=private)).decode()


def small_key() -> RSAKey:
    with pytest.warns(SecurityWarning):
        return RSAKey.generate_key(1024)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "it is not JSON"),
        ("[]", "it is not an object with the list 'keys'"),
        ('{"keys": {}}', "it is not an object with the list 'keys'"),
        ('{"keys": ["x"]}', "one of its keys is not an object"),
        ('{"keys": []}', "it holds no RSA key for signatures"),
        ('{"keys": [{"kty": "RSA", "use": "enc"}]}', "it holds no RSA key for signatures"),
        ('{"keys": [{"kty": "RSA", "n": "?", "e": "AQAB"}]}', "its key 1 is not a valid RSA key"),
        ('{"keys": [{"kty": "RSA", "n": 5, "e": "AQAB"}]}', "its key 1 is not a valid RSA key"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "it holds no RSA key for signatures"),
        (key_set(ECKey.generate_key("P-256")), "it holds no RSA key for signatures"),
        (key_set(small_key()), "its key 1 has less than 2048 bits"),
        (key_set(RSAKey.generate_key(2048), private=True), "its key 1 is a private key; give the public one"),
        (key_set(*[RSAKey.generate_key(2048)] * 17), "it holds more than 16 keys"),
    ],
    ids=lambda value: value if value.startswith("it") else "",  # not by keys: they differ from process to process
)
def test_other_key_sets_are_refused_and_never_shown(text: str, reason: str) -> None:
    (problem,) = problems(jwt_public_keys=text, jwt_audience=[], jwt_issuers=["i"])
    assert problem.startswith(f"COLLEGIUM_JWT_PUBLIC_KEYS: {reason}; accepted: JSON Web Key Set")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("COLLEGIUM_PROT", "COLLEGIUM_PROT is not a setting; did you mean COLLEGIUM_PORT?"),
        ("Collegium_Jwt_Secrets", "Collegium_Jwt_Secrets is not a setting; did you mean COLLEGIUM_JWT_SECRET?"),
        ("COLLEGIUM_XYZZY", "COLLEGIUM_XYZZY is not a setting"),
    ],
)
def test_a_mistyped_variable_is_told_of(name: str, line: str) -> None:
    assert unknown_variables({name: "1", "PATH": "/bin", "COLLEGIUM_PORT": "1", "collegium_host": "h"}) == [line]


def test_the_documentation_lists_every_setting_as_it_is_and_no_other() -> None:
    listed = {match[0]: match[1:] for match in ROW.findall(DOCS.read_text())}
    assert listed == {
        variable(name): (accepted(field).words, default(name), field.description)
        for name, field in Settings.model_fields.items()
    }


def default(name: str) -> str:
    """A default as documentation has it: what one would write into the variable."""
    value = getattr(load(), name)
    if value is None or value == ():
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else value}`"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("allowed_origins", "https://apps.example.org/path", "an origin is scheme, host and port"),
        ("allowed_origins", "apps.example.org", "an origin is scheme, host and port"),
        ("allowed_origins", "https://ada@apps.example.org", "an origin has no user"),
        ("redis_url", "http://localhost", "this is not the address of a Redis server"),
        ("redis_url", "redis://localhost:99999/0", "Port out of range"),
        ("token_secret", "short", "it has fewer than 32 bytes"),
    ],
)
def test_addresses_and_secrets_that_are_none_are_refused(name: str, value: str, reason: str) -> None:
    [problem] = problems(**{name: value})
    assert variable(name) in problem
    assert reason in problem


def test_addresses_and_secrets_that_are_some_are_taken() -> None:
    settings = load(
        allowed_origins="https://Apps.example.org, http://localhost:3000", redis_url="redis://localhost:6379/0",
        token_secret=SECRET,
    )  # fmt: skip
    assert settings.allowed_origins == ("https://apps.example.org", "http://localhost:3000")
    assert settings.redis_url is not None
    assert settings.token_secret is not None


@pytest.mark.parametrize("switch", ["explorer", "remember_documents"])
def test_a_locked_server_has_nothing_for_queries_of_one_s_own(switch: str) -> None:
    [problem] = problems(profile="locked", **{switch: True})
    assert f"{variable(switch)} cannot be true where COLLEGIUM_PROFILE is locked" in problem
