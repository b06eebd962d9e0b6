"""Our own access tokens: JWTs as in RFC 9068."""

from datetime import timedelta

import orjson
import pytest
from joserfc.jws import extract_compact

from server.applications.registry import ALL_SCOPES
from server.applications.tokens import Tokens
from tests.server.applications.conftest import Clock, Registered

SECRET = "plainly-a-test-secret-of-this-server-itself"


async def test_a_token_has_the_claims_of_the_profile(registered: Registered, clock: Clock) -> None:
    tokens = Tokens(SECRET, lifetime=timedelta(minutes=5), clock=clock)
    signed = extract_compact(tokens.issue(await registered.now(), ALL_SCOPES, 3).encode())
    claims = orjson.loads(signed.payload)

    assert signed.headers() == {"alg": "HS256", "typ": "at+jwt"}
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "iss": "collegium",
        "aud": "collegium",
        "sub": "report_worker",
        "client_id": registered.client_id,
        "scope": "read write",
        "generation": 3,
        "iat": int(clock.now),
        "exp": int(clock.now) + 300,
    }


async def test_what_a_token_says_is_what_it_was_given(registered: Registered, clock: Clock) -> None:
    tokens = Tokens(SECRET, clock=clock)
    grant = tokens.grant(tokens.issue(await registered.now(), ALL_SCOPES, 3))

    assert (grant.client_id, grant.scopes, grant.generation) == (registered.client_id, ALL_SCOPES, 3)
    assert grant.expires == clock.now + 3600


@pytest.mark.parametrize("secret", ["", "short", "x" * 31])
def test_a_secret_that_could_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(secret)
