"""Tokens of ours beside those of the LMS: which are taken, and how soon they end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from structlog.testing import capture_logs

from resolvers.access import ANONYMOUS, Role
from resolvers.errors import Code, ServiceUnavailable, Unauthenticated
from server.applications import signin
from server.applications.callers import Caller
from server.applications.fresh import Freshness, Kept
from server.applications.registry import ALL_SCOPES, Application, Scope, disable, enable, rotate
from server.applications.signin import ApplicationSignIn
from server.applications.tokens import ISSUER, TYPE, Tokens
from server.settings import load
from server.signin import SignIn, mint
from tests.server.applications.conftest import Clock, Registered

SECRET = "plainly-a-test-secret-of-this-server-itself"
LMS_SECRET = "plainly-a-test-secret-shared-with-the-lms"
READ = frozenset({Scope.READ})
SETTINGS = load(jwt_secret=LMS_SECRET, jwt_audience=("tests",), jwt_issuers=("https://lms.example.org/oauth2",))


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(SECRET, clock=clock)


@pytest.fixture
async def sign_in(
    tokens: Tokens, kept: Kept[Mapping[str, Application]], freshness: Freshness, registered: Registered, clock: Clock
) -> ApplicationSignIn:
    await freshness.refresh()
    return ApplicationSignIn(SignIn(SETTINGS, clock=clock).viewer, tokens, kept)


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"authorization": f"{scheme} {token}"}


def refusal(sign_in: ApplicationSignIn, token: str) -> str:
    """The reason in the log."""
    with capture_logs() as lines, pytest.raises(Unauthenticated) as caught:
        sign_in.viewer(bearer(token))
    assert caught.value.code is Code.UNAUTHENTICATED
    assert token not in repr(lines)
    reason: str = lines[-1]["reason"]
    return reason


@pytest.mark.parametrize("scheme", ["Bearer", "JWT", "bearer"])
async def test_a_token_makes_the_application_s_user(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, scheme: str
) -> None:
    token = tokens.issue(await registered.now(), READ, 1)
    viewer = sign_in.viewer(bearer(token, scheme))

    roles = frozenset({Role.LEARNER, Role.AUTHOR})
    assert viewer == Caller("report_worker", roles, registered.client_id, READ)


async def test_a_token_of_the_lms_counts_under_its_user(sign_in: ApplicationSignIn, clock: Clock) -> None:
    token = mint(SETTINGS, "ada", Role.ADMIN, timedelta(hours=1), clock=clock)

    assert sign_in.viewer(bearer(token, "JWT")) == Caller("ada", frozenset(Role), "lms:ada")


async def test_without_a_token_nobody_is_signed_in(sign_in: ApplicationSignIn) -> None:
    assert sign_in.viewer({}) is ANONYMOUS


async def test_a_token_ends_with_its_time(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, freshness: Freshness, clock: Clock
) -> None:
    token = tokens.issue(await registered.now(), READ, 1)
    clock.now += 3600
    await freshness.refresh()
    sign_in.viewer(bearer(token))
    clock.now += 2

    assert refusal(sign_in, token) == "EXPIRED"


async def test_disabling_ends_tokens_and_enabling_revives_them(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, freshness: Freshness
) -> None:
    token = tokens.issue(await registered.now(), READ, 1)
    sign_in.viewer(bearer(token))
    async with registered.database.writing() as session:
        await disable(session, registered.client_id)
    await freshness.refresh()
    assert refusal(sign_in, token) == "REVOKED"

    async with registered.database.writing() as session:
        await enable(session, registered.client_id)
    await freshness.refresh()
    sign_in.viewer(bearer(token))


@pytest.mark.parametrize("grace", [timedelta(0), timedelta(hours=1)])
async def test_a_new_secret_ends_the_tokens_of_the_old_one_after_the_grace(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, freshness: Freshness, grace: timedelta
) -> None:
    old = tokens.issue(await registered.now(), READ, 1)
    async with registered.database.writing() as session:
        await rotate(session, registered.client_id, grace)
    await freshness.refresh()

    sign_in.viewer(bearer(tokens.issue(await registered.now(), READ, 2)))
    if grace:
        sign_in.viewer(bearer(old))
    else:
        assert refusal(sign_in, old) == "REVOKED"


async def test_a_token_gives_no_more_than_the_application_has_now(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, kept: Kept[Mapping[str, Application]]
) -> None:
    application = await registered.now()
    token = tokens.issue(application, ALL_SCOPES, 1)
    kept._value = {registered.client_id: Application(**{**fields(application), "scopes": READ, "role": Role.LEARNER})}

    viewer = sign_in.viewer(bearer(token))
    assert viewer == Caller("report_worker", frozenset({Role.LEARNER}), registered.client_id, READ)


def fields(application: Application) -> dict[str, Any]:
    return {name: getattr(application, name) for name in application.__slots__}


async def test_an_unknown_application_is_not_let_in(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered
) -> None:
    strange = Application(**{**fields(await registered.now()), "client_id": "strange"})

    assert refusal(sign_in, tokens.issue(strange, READ, 1)) == "REVOKED"


async def test_tokens_are_refused_while_the_applications_are_not_known(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, clock: Clock
) -> None:
    token = tokens.issue(await registered.now(), READ, 1)
    clock.now += 6
    with pytest.raises(ServiceUnavailable):
        sign_in.viewer(bearer(token))


@pytest.mark.parametrize(
    ("type_", "secret"),
    [
        (TYPE, LMS_SECRET),  # the LMS's secret makes none of our tokens
        ("JWT", SECRET),  # nor ours one of the LMS's
        (TYPE, SECRET[::-1]),
    ],
)
async def test_neither_kind_is_checked_with_the_keys_of_the_other(
    sign_in: ApplicationSignIn, registered: Registered, clock: Clock, type_: str, secret: str
) -> None:
    claims = {"iss": ISSUER, "aud": ISSUER, "client_id": registered.client_id, "scope": "read", "generation": 1}
    times = {"iat": int(clock.now), "exp": int(clock.now) + 60}
    token = jwt.encode({"alg": "HS256", "typ": type_}, claims | times, OctKey.import_key(secret))

    assert refusal(sign_in, token) == "BAD_SIGNATURE"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://lms.example.org/oauth2"}, "BAD_ISSUER"),
        ({"aud": "another"}, "BAD_ISSUER"),
        ({"scope": "read admin"}, "MISSING_CLAIM"),
        ({"scope": None}, "MISSING_CLAIM"),
        ({"generation": "x"}, "MISSING_CLAIM"),
        ({"exp": None}, "MISSING_CLAIM"),
    ],
)
async def test_a_token_of_ours_has_the_claims_that_we_give(
    sign_in: ApplicationSignIn, registered: Registered, clock: Clock, changed: dict[str, Any], reason: str
) -> None:
    claims = {"iss": ISSUER, "aud": ISSUER, "client_id": registered.client_id, "scope": "read", "generation": 1}
    claims |= {"exp": int(clock.now) + 60, **changed}
    token = jwt.encode({"alg": "HS256", "typ": TYPE}, claims, OctKey.import_key(SECRET))

    assert refusal(sign_in, token) == reason


@pytest.mark.parametrize("token", ["", "x", "e30.e30.", "eyJ0eXAiOiJhdCtqd3QifQ.e30.x", "é.é.é", "x" * 20_000])
async def test_what_is_no_token_is_refused(sign_in: ApplicationSignIn, token: str) -> None:
    with pytest.raises(Unauthenticated):
        sign_in.viewer(bearer(token))


async def test_only_the_last_tokens_are_remembered(
    sign_in: ApplicationSignIn, tokens: Tokens, registered: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "REMEMBERED", 2)
    application = await registered.now()
    for _ in range(4):
        sign_in.viewer(bearer(tokens.issue(application, READ, 1)))

    assert len(sign_in._grants) == 2


async def test_without_a_secret_of_its_own_a_server_knows_no_tokens_of_ours(
    tokens: Tokens, registered: Registered, kept: Kept[Mapping[str, Application]], clock: Clock
) -> None:
    sign_in = ApplicationSignIn(SignIn(SETTINGS, clock=clock).viewer, None, kept)

    with pytest.raises(Unauthenticated):
        sign_in.viewer(bearer(tokens.issue(await registered.now(), READ, 1)))
