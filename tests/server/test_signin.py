"""Sign-in: which tokens are taken, which are refused and why, and whom they make of their bearer.

The rules are those of the LMS's tokens (`spec/programs.md`, "Authentication" and "Roles and Permissions"); the claims
are those that the real platform was recorded to send.
"""

import base64
import hmac
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.datastructures import Headers
from structlog.testing import capture_logs

from resolvers.access import ANONYMOUS, Permission, Role, Viewer
from resolvers.errors import Code
from server import signin
from server.applications.callers import from_lms
from server.settings import Settings, load
from server.signin import CannotMint, InvalidToken, Reason, SignIn, mint

NOW = 1_795_233_400.0
ISSUER = "https://lms.example.org/oauth2"
SECRET = "plainly-a-test-secret-of-some-length"
RSA = RSAKey.generate_key(2048, {"kid": "lms-1"})
OLDER = RSAKey.generate_key(2048, {"kid": "lms-0"})
STRANGER = RSAKey.generate_key(2048, {"kid": "lms-1"})
LEARNER = frozenset({Role.LEARNER})
AUTHOR = frozenset({Role.LEARNER, Role.AUTHOR})
ADMIN = frozenset({Role.LEARNER, Role.AUTHOR, Role.ADMIN})

RECORDED: Mapping[str, Any] = {
    "aud": "change-me",
    "exp": 1795236987,
    "grant_type": "client-credentials",
    "iat": 1795233387,
    "iss": ISSUER,
    "preferred_username": "report_worker",
    "scopes": ["read", "write", "email", "profile"],
    "version": "1.2.0",
    "sub": "de61" + "0" * 28,
    "filters": [],
    "is_restricted": False,
    "email_verified": True,
    "email": "report_worker@example.org",
    "name": "Report Worker",
    "family_name": "Worker",
    "given_name": "Report",
    "administrator": True,
    "superuser": False,
}
ABSENT = object()


def key_set(*keys: RSAKey) -> str:
    return orjson.dumps(KeySet(list(keys)).as_dict(private=False)).decode()


def settings(**given: Any) -> Settings:
    usual = {
        "jwt_secret": SECRET,
        "jwt_public_keys": key_set(OLDER, RSA),
        "jwt_audience": ["change-me"],
        "jwt_issuers": [ISSUER],
        "authors": ["Ada"],
    }
    return load(**usual | given)


def claims(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**RECORDED, **changed}.items() if value is not ABSENT}


def token(
    given: Mapping[str, Any] = RECORDED, algorithm: str = "HS256", key: OctKey | RSAKey | None = None, **header: object
) -> str:
    if key is None:
        key = OctKey.import_key(SECRET) if algorithm.startswith("HS") else RSA
    return jwt.encode({"alg": algorithm, "typ": "JWT", **header}, dict(given), key, algorithms=[algorithm])


def segment(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def handmade(header: object, payload: bytes, secret: bytes = SECRET.encode()) -> str:
    """A token that libraries would not make, with a true HMAC-SHA256 under `secret`."""
    signed = f"{segment(orjson.dumps(header))}.{segment(payload)}"
    return f"{signed}.{segment(hmac.digest(secret, signed.encode(), 'sha256'))}"


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def sign_in(clock: Clock | None = None, **given: Any) -> SignIn:
    return SignIn(settings(**given), clock=clock or Clock())


def viewer(text: str, scheme: str = "JWT", **given: Any) -> Viewer:
    return sign_in(**given).viewer({"authorization": f"{scheme} {text}"})


def refusal(text: str, scheme: str = "JWT", **given: Any) -> Reason:
    with pytest.raises(InvalidToken) as caught:
        viewer(text, scheme, **given)
    assert caught.value.code is Code.UNAUTHENTICATED
    assert text not in str(caught.value) or not text
    return caught.value.reason


def test_no_header_makes_an_anonymous_viewer() -> None:
    assert sign_in().viewer({}) is ANONYMOUS


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "RS512"])
@pytest.mark.parametrize("scheme", ["JWT", "Bearer", "jwt", "BEARER"])
def test_the_recorded_staff_token_signs_an_administrator_in(algorithm: str, scheme: str) -> None:
    signed_in = viewer(token(algorithm=algorithm), scheme)
    assert signed_in == from_lms("report_worker", ADMIN)
    assert signed_in.may(Permission.PUBLISH_PROGRAMS)


def test_headers_of_a_request_are_understood() -> None:
    headers = Headers({"Authorization": f"JWT  {token()} "})
    assert sign_in().viewer(headers).username == "report_worker"


# Roles: "administrator: true" makes an Admin, who is an Author too; a claim that is false or absent takes that away.


@pytest.mark.parametrize("administrator", [False, ABSENT, None, 1, "true", "false", ["true"]])
def test_only_the_administrator_claim_true_makes_an_administrator(administrator: object) -> None:
    assert viewer(token(claims(administrator=administrator))).roles == LEARNER


def test_a_superuser_who_is_not_staff_is_a_learner() -> None:
    assert viewer(token(claims(administrator=False, superuser=True))).roles == LEARNER


@pytest.mark.parametrize(("username", "roles"), [("Ada", AUTHOR), ("ada", LEARNER), ("Ada ", LEARNER)])
def test_usernames_in_the_settings_are_authors_and_are_compared_with_case(
    username: str, roles: frozenset[Role]
) -> None:
    assert viewer(token(claims(preferred_username=username, administrator=False))) == from_lms(username, roles)


def test_a_role_lasts_no_longer_than_the_claim() -> None:
    """A user who lost the claim loses the role at the next request, whatever was remembered."""
    door = sign_in()
    assert door.viewer({"authorization": f"JWT {token()}"}).roles == ADMIN
    assert door.viewer({"authorization": f"JWT {token(claims(administrator=ABSENT))}"}).roles == LEARNER


# Claims: exp, iat and preferred_username are required; clocks may differ by the leeway, 1 s.


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "preferred_username"])
def test_a_required_claim_that_is_missing_is_refused(name: str) -> None:
    assert refusal(token(claims(**{name: ABSENT}))) is Reason.MISSING_CLAIM


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [None, True, "1795236987", [1795236987], {}])
def test_times_that_are_no_numbers_are_refused(name: str, value: object) -> None:
    assert refusal(handmade({"alg": "HS256"}, orjson.dumps(claims(**{name: value})))) is Reason.MISSING_CLAIM


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"-1e999", b"9" * 400])
def test_an_end_that_never_comes_is_refused(number: bytes) -> None:
    payload = orjson.dumps(claims()).replace(b"1795236987", number)
    assert refusal(handmade({"alg": "HS256"}, payload)) is Reason.MALFORMED


@pytest.mark.parametrize("username", ["", " ", "\n\t", None, 7, ["ada"], True])
def test_a_username_is_a_text_with_something_in_it(username: object) -> None:
    assert refusal(token(claims(preferred_username=username))) is Reason.MISSING_CLAIM


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": NOW - 1}, None),
        ({"exp": NOW - 1.5}, Reason.EXPIRED),
        ({"exp": NOW - 3600}, Reason.EXPIRED),
        ({"iat": NOW + 1}, None),
        ({"iat": NOW + 1.5}, Reason.NOT_YET_VALID),
        ({"nbf": NOW + 1}, None),
        ({"nbf": NOW + 60}, Reason.NOT_YET_VALID),
    ],
)
def test_clocks_may_differ_by_a_second(changed: dict[str, float], reason: Reason | None) -> None:
    text = token(claims(**changed))
    if reason is None:
        assert viewer(text).is_signed_in
    else:
        assert refusal(text) is reason


def test_the_leeway_is_a_setting() -> None:
    assert viewer(token(claims(exp=NOW - 59)), jwt_leeway=60).is_signed_in
    assert refusal(token(claims(exp=NOW - 0.5)), jwt_leeway=0) is Reason.EXPIRED


@pytest.mark.parametrize("audience", ["change-me", ["other", "change-me"]])
def test_one_of_a_tokens_audiences_must_be_ours(audience: object) -> None:
    assert viewer(token(claims(aud=audience))).is_signed_in


@pytest.mark.parametrize("audience", ["other", "CHANGE-ME", "", [], ["other"], [["change-me"]], {"change-me": 1}, 7])
def test_a_token_for_others_is_refused(audience: object) -> None:
    payload = orjson.dumps(claims(aud=audience))
    assert refusal(handmade({"alg": "HS256"}, payload)) is Reason.BAD_AUDIENCE


@pytest.mark.parametrize("audience", ["other", ABSENT])
def test_an_audience_that_is_set_empty_is_not_checked(audience: object) -> None:
    assert viewer(token(claims(aud=audience)), jwt_audience=[]).is_signed_in


@pytest.mark.parametrize("issuer", ["https://evil.example.org/oauth2", ISSUER + "/", "", 7, [ISSUER]])
def test_a_token_of_another_issuer_is_refused(issuer: object) -> None:
    assert refusal(handmade({"alg": "HS256"}, orjson.dumps(claims(iss=issuer)))) is Reason.BAD_ISSUER


def test_several_issuers_and_audiences_may_be_configured() -> None:
    assert viewer(token(), jwt_issuers=["other", ISSUER], jwt_audience=["other", "change-me"]).is_signed_in


# Versions: a major version up to ours; none is 1.0.0.


@pytest.mark.parametrize("version", ["1.2.0", "1.99.0", "1.0.0", "1", "0.9", ABSENT])
def test_versions_that_are_known_are_taken(version: object) -> None:
    assert viewer(token(claims(version=version))).is_signed_in


@pytest.mark.parametrize("version", ["2.0.0", "10.0", "", "-1.0", "one", None, 1, "9" * 5000])
def test_other_versions_are_refused(version: object) -> None:
    assert refusal(token(claims(version=version))) is Reason.UNSUPPORTED_VERSION


# Restricted applications: a server that ignored `is_restricted` would give a partner's application full rights.


@pytest.mark.parametrize("restricted", [True, None, "false", 0, 1, "true"])
def test_restricted_tokens_are_refused(restricted: object) -> None:
    assert refusal(token(claims(is_restricted=restricted), "RS512")) is Reason.RESTRICTED


def test_a_token_that_says_nothing_of_restriction_is_not_restricted() -> None:
    assert viewer(token(claims(is_restricted=ABSENT, filters=ABSENT))).is_signed_in


def test_the_recorded_token_without_the_scope_profile_is_refused_as_restricted() -> None:
    bare = claims(is_restricted=True, scopes=["certificates:read"], administrator=ABSENT, name=ABSENT)
    assert refusal(token(bare, "RS512")) is Reason.RESTRICTED


# Signatures: the secret for HS256 only, public keys for RS256 and RS512 only; the token does not choose across types.


@pytest.mark.parametrize("header", [{}, {"kid": "lms-1"}, {"kid": "lms-0"}, {"kid": "unheard-of"}, {"kid": ""}])
@pytest.mark.parametrize("key", [RSA, OLDER], ids=["second", "first"])
def test_every_public_key_is_tried_whatever_the_token_calls_it(key: RSAKey, header: dict[str, Any]) -> None:
    assert viewer(token(algorithm="RS512", key=key, **header)).is_signed_in


def test_public_keys_need_no_names() -> None:
    bare = [
        {name: value for name, value in key.as_dict(private=False).items() if name != "kid"} for key in (OLDER, RSA)
    ]
    text = orjson.dumps({"keys": bare}).decode()
    assert viewer(token(algorithm="RS512", kid="lms-1"), jwt_public_keys=text).is_signed_in


def test_keys_that_are_not_rsa_are_passed_over() -> None:
    keys = [{"kty": "EC", "crv": "P-256"}, {"kty": "oct", "k": "c2VjcmV0"}, RSA.as_dict(private=False)]
    assert viewer(token(algorithm="RS256"), jwt_public_keys=orjson.dumps({"keys": keys}).decode()).is_signed_in


def test_a_key_made_for_one_algorithm_checks_no_other() -> None:
    only = orjson.dumps({"keys": [{**RSA.as_dict(private=False), "alg": "RS512"}]}).decode()
    assert viewer(token(algorithm="RS512"), jwt_public_keys=only).is_signed_in
    assert refusal(token(algorithm="RS256"), jwt_public_keys=only) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "text",
    [
        token(algorithm="RS512", key=STRANGER),
        token(key=OctKey.import_key("another-test-secret-of-some-length")),
        token()[:-4] + "AAAA",
        token().rpartition(".")[0] + ".",
        token().replace(segment(b'{"typ'), segment(b'{"Typ')),
    ],
    ids=["stranger's key", "other secret", "cut", "none", "other header"],
)
def test_a_signature_that_is_not_ours_is_refused(text: str) -> None:
    assert refusal(text) is Reason.BAD_SIGNATURE


def test_claims_changed_under_a_true_signature_are_refused() -> None:
    header, _, signature = token().split(".")
    payload = segment(orjson.dumps(claims(preferred_username="somebody_else")))
    assert refusal(f"{header}.{payload}.{signature}") is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "public",
    [RSA.as_pem(private=False), RSA.as_der(private=False), key_set(RSA).encode(), key_set(OLDER, RSA).encode()],
)
def test_a_public_key_is_no_secret(public: bytes) -> None:
    """The classic confusion: HS256, signed with what everybody knows."""
    forged = handmade({"alg": "HS256", "typ": "JWT", "kid": "lms-1"}, orjson.dumps(RECORDED), secret=public)
    assert refusal(forged) is Reason.BAD_SIGNATURE
    assert refusal(forged, jwt_secret=None) is Reason.NOT_CONFIGURED


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "hs256", "HS384", "HS512", "PS512", "ES256", "dir"])
def test_algorithms_that_the_lms_does_not_use_are_refused(algorithm: str) -> None:
    header, payload = {"alg": algorithm, "typ": "JWT"}, orjson.dumps(RECORDED)
    assert refusal(handmade(header, payload)) is Reason.BAD_ALGORITHM
    assert refusal(f"{segment(orjson.dumps(header))}.{segment(payload)}.") is Reason.BAD_ALGORITHM


def test_the_lms_s_longer_hmacs_are_refused_even_when_true() -> None:
    assert refusal(token(algorithm="HS512")) is Reason.BAD_ALGORITHM


@pytest.mark.parametrize("algorithm", [None, 7, ["HS256"], {"HS256": 1}])
def test_an_algorithm_is_a_text(algorithm: object) -> None:
    assert refusal(handmade({"alg": algorithm}, orjson.dumps(RECORDED))) in (Reason.BAD_ALGORITHM, Reason.MALFORMED)


def test_a_key_in_the_token_itself_is_not_used() -> None:
    header: dict[str, Any] = {"jwk": STRANGER.as_dict(private=False), "jku": "https://evil.example.org/keys"}
    with pytest.raises(InvalidToken):
        viewer(token(algorithm="RS512", key=STRANGER, **header))


def test_headers_that_say_nothing_to_us_do_not_matter_but_critical_ones_do() -> None:
    assert viewer(handmade({"alg": "HS256", "x5t": "abc", "custom": 1}, orjson.dumps(RECORDED))).is_signed_in
    critical = {"alg": "HS256", "crit": ["custom"], "custom": 1}
    assert refusal(handmade(critical, orjson.dumps(RECORDED))) is Reason.BAD_SIGNATURE


def test_without_keys_nobody_can_sign_in() -> None:
    assert refusal(token(), jwt_secret=None, jwt_public_keys=None) is Reason.NOT_CONFIGURED
    assert refusal(token(), jwt_secret=None) is Reason.NOT_CONFIGURED
    assert refusal(token(algorithm="RS512"), jwt_public_keys=None) is Reason.NOT_CONFIGURED


# Broken tokens


BROKEN_CLAIMS = (b"", b"[]", b"7", b"null", b"{", b'"x"', b"\xff", b"[" * 9000)


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "JWT", "JWT ", "Basic dTpw", "Token abc", token(), f"JWT, {token()}", f"JWT {token()}, JWT {token()}"),
        *("JWT abc", "JWT a.b", "JWT a.b.c.d.e", "JWT é.é.é", "JWT \ud800.b.c", "JWT ..", "JWT a..b"),
        *("Bearer " + "x" * 30, f"JWT {token()}.x", "JWT " + "a" * 20_000),
        *(f"JWT {segment(header)}.e30." for header in (b'"alg"', b'["alg"]', b"null", b"{}", b"\xff", b"[" * 9000)),
        *(f"JWT {handmade({'alg': 'HS256'}, payload)}" for payload in BROKEN_CLAIMS),
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_what_is_no_token_is_refused_as_malformed(authorization: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        sign_in().viewer({"authorization": authorization})
    assert caught.value.reason is Reason.MALFORMED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(RECORDED)), inner, max_size=3),
    max_leaves=5,
)
SOME_HEADER = st.fixed_dictionaries(
    {"alg": JSON | st.sampled_from(["HS256", "RS512", "none"])},
    optional=dict.fromkeys(("kid", "crit", "typ", "b64", "cty", "jwk", "x5c"), JSON),
)
DOOR = sign_in()


@given(
    header=SOME_HEADER | JSON,
    payload=st.dictionaries(st.sampled_from(sorted(RECORDED)), JSON).map(lambda c: {**RECORDED, **c}) | JSON,
)
def test_whatever_is_sent_a_viewer_or_a_refusal_comes_back(header: Any, payload: Any) -> None:
    try:
        text = handmade(header, orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:  # an integer above 64 bits
        return
    try:
        signed_in = DOOR.viewer({"authorization": f"JWT {text}"})
    except InvalidToken:
        return
    assert signed_in.username == payload["preferred_username"]


@given(st.text())
def test_whatever_stands_in_the_header_nobody_gets_in_by_chance(authorization: str) -> None:
    with pytest.raises(InvalidToken):
        DOOR.viewer({"authorization": authorization})


# Memory: a token is verified once; its end is looked at each time.


def test_a_token_that_comes_again_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = Mock(wraps=signin.verified)
    monkeypatch.setattr(signin, "verified", verified)
    door = sign_in()
    headers = {"authorization": f"JWT {token()}"}
    first, second = door.viewer(headers), door.viewer(headers)
    assert first is second
    assert verified.call_count == 1


def test_a_token_that_is_remembered_ends_all_the_same() -> None:
    clock = Clock()
    door = sign_in(clock)
    headers = {"authorization": f"JWT {token(claims(exp=NOW + 10))}"}
    assert door.viewer(headers).is_signed_in
    clock.now = NOW + 11
    assert door.viewer(headers).is_signed_in
    clock.now = NOW + 11.5
    with pytest.raises(InvalidToken) as caught:
        door.viewer(headers)
    assert caught.value.reason is Reason.EXPIRED


def test_refusals_are_not_remembered() -> None:
    clock = Clock()
    door = sign_in(clock)
    headers = {"authorization": f"JWT {token(claims(iat=NOW + 10))}"}
    with pytest.raises(InvalidToken):
        door.viewer(headers)
    clock.now = NOW + 10
    assert door.viewer(headers).is_signed_in


def test_memory_is_bounded_keeps_what_was_used_last_and_shows_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "REMEMBERED", 2)
    door = sign_in()
    texts = [token(claims(preferred_username=name)) for name in "abc"]
    for text in (texts[0], texts[1], texts[0], texts[2]):
        door.viewer({"authorization": f"JWT {text}"})
    assert [viewer.username for viewer, _ in door._remembered.values()] == ["a", "c"]
    assert not any(text in repr(known) for text in texts for known in door._remembered.values())


# Logs: refusals are logged with their reason, never with the token.


def test_refusals_are_logged_with_their_reason_and_without_the_token() -> None:
    text = token(claims(exp=NOW - 60))
    with capture_logs() as lines, pytest.raises(InvalidToken):
        viewer(text)
    assert [(line["event"], line["reason"]) for line in lines] == [("unauthenticated", "EXPIRED")]
    assert not any(part in repr(lines) for part in [*text.split("."), "report_worker", SECRET])


def test_those_who_get_in_and_those_who_send_nothing_are_not_logged() -> None:
    with capture_logs() as lines:
        viewer(token())
        sign_in().viewer({})
    assert lines == []


def test_a_short_secret_works_and_is_warned_of() -> None:
    with capture_logs() as lines:
        door = sign_in(jwt_secret="lms-secret")
    assert [(line["event"], line["log_level"], line["bytes"]) for line in lines] == [
        ("short_jwt_secret", "warning", 10)
    ]
    forged = handmade({"alg": "HS256"}, orjson.dumps(RECORDED), secret=b"lms-secret")
    assert door.viewer({"authorization": f"JWT {forged}"}).is_signed_in


# Minting


@pytest.mark.parametrize(
    ("username", "role", "roles"),
    [
        ("grace", Role.LEARNER, LEARNER),
        ("Ada", Role.AUTHOR, AUTHOR),
        ("root", Role.ADMIN, ADMIN),
        ("Ada", Role.ADMIN, ADMIN),
    ],
)
def test_a_minted_token_signs_in_as_what_was_asked_for(username: str, role: Role, roles: frozenset[Role]) -> None:
    text = mint(settings(), username, role, timedelta(hours=1), clock=Clock())
    signed_in = viewer(text)
    assert signed_in == from_lms(username, roles)
    assert signed_in.authorization == f"JWT {text}"
    with pytest.raises(InvalidToken):
        sign_in(Clock(NOW + 3602)).viewer({"authorization": f"JWT {text}"})


def test_a_minted_token_has_the_claims_of_a_recorded_one_and_their_types() -> None:
    minted = jwt.decode(mint(settings(), "grace", Role.LEARNER, timedelta(hours=1)), OctKey.import_key(SECRET))
    assert minted.header == {"alg": "HS256", "typ": "JWT"}
    assert {name: type(value) for name, value in minted.claims.items()} == {
        name: type(value) for name, value in RECORDED.items()
    }
    assert minted.claims["exp"] - minted.claims["iat"] == 3600
    assert len(minted.claims["sub"]) == 32


def test_a_token_can_be_minted_where_no_audience_is_checked() -> None:
    text = mint(settings(jwt_audience=[]), "grace", Role.LEARNER, timedelta(minutes=5), clock=Clock())
    assert viewer(text, jwt_audience=[]).is_signed_in


@pytest.mark.parametrize(
    ("changed", "username", "role", "message"),
    [
        ({"jwt_secret": None}, "grace", Role.LEARNER, "COLLEGIUM_JWT_SECRET, which is not set"),
        ({}, "grace", Role.AUTHOR, "would make grace learner: COLLEGIUM_AUTHORS must name"),
        ({}, "Ada", Role.LEARNER, "would make Ada author: COLLEGIUM_AUTHORS must not name"),
        ({}, " ", Role.LEARNER, "needs a username"),
    ],
)
def test_a_token_that_would_not_do_is_not_minted(
    changed: dict[str, Any], username: str, role: Role, message: str
) -> None:
    with pytest.raises(CannotMint, match=message):
        mint(settings(**changed), username, role, timedelta(hours=1))


def test_a_token_needs_a_lifetime() -> None:
    with pytest.raises(CannotMint, match="lifetime"):
        mint(settings(), "grace", Role.LEARNER, timedelta(0))
    text = mint(settings(), "grace", Role.LEARNER, timedelta(seconds=0.5), clock=Clock(math.floor(NOW)))
    assert viewer(text).is_signed_in
