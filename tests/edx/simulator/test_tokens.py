"""Tokens: whose they are, and which are refused."""

from dataclasses import replace

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from edx.simulator.tokens import caller_of_jwt, caller_of_opaque, claims_of, issue_jwt, issue_opaque, signing_key
from edx.simulator.world import Application
from tests.edx.simulator.replay import SECRET, Situation, jwt_of

SCOPES = ("read", "write", "email", "profile")


def worker(situation: Situation) -> Application:
    return situation.world.applications["report-client"]


@pytest.mark.parametrize("asymmetric", [False, True])
def test_a_jwt_tells_whose_it_is(situation: Situation, asymmetric: bool) -> None:
    token = issue_jwt(situation.world, situation.options, worker(situation), SCOPES, asymmetric=asymmetric)
    caller = caller_of_jwt(situation.world, situation.options, token)
    assert caller
    assert (caller.user.username, caller.scopes, caller.staff) == ("report_worker", SCOPES, True)


def test_a_restricted_token_never_has_the_rights_of_staff(situation: Situation) -> None:
    application = situation.world.applications["restricted-client"]
    caller = caller_of_jwt(
        situation.world, situation.options, issue_jwt(situation.world, situation.options, application, SCOPES)
    )
    assert caller
    assert caller.restricted
    assert not caller.staff


def test_without_the_scope_profile_a_token_does_not_tell_the_rights(situation: Situation) -> None:
    """domain/programs.md §3.1."""
    claims = claims_of(situation.world.users["alice"], situation.options, ("read",))
    assert not claims.keys() & {"administrator", "name", "email"}


def test_a_jwt_is_good_for_an_hour(situation: Situation) -> None:
    token = jwt_of(situation, "alice")
    situation.clock.now += 3599 - situation.clock.now % 1
    assert caller_of_jwt(situation.world, situation.options, token)
    situation.clock.now += 1
    assert caller_of_jwt(situation.world, situation.options, token) is None


def test_an_opaque_token_is_good_for_ten_hours(situation: Situation) -> None:
    token = issue_opaque(situation.world, situation.options, worker(situation), SCOPES)
    situation.clock.now += 35999
    assert caller_of_opaque(situation.world, situation.options, token)
    situation.clock.now += 1
    assert caller_of_opaque(situation.world, situation.options, token) is None


@pytest.mark.parametrize(
    "change", [{"aud": "other"}, {"iss": "https://elsewhere.example.org"}, {"preferred_username": "nobody"}]
)
def test_a_jwt_for_another_audience_issuer_or_unknown_user_is_refused(
    situation: Situation, change: dict[str, str]
) -> None:
    claims = claims_of(situation.world.users["alice"], situation.options, SCOPES) | change
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(situation.options.jwt_secret))
    assert caller_of_jwt(situation.world, situation.options, token) is None


def test_the_public_key_does_not_do_as_a_shared_secret(situation: Situation) -> None:
    public = OctKey.import_key(signing_key(situation.options).as_pem(private=False).hex())
    token = jwt.encode({"alg": "HS256"}, claims_of(situation.world.users["alice"], situation.options, SCOPES), public)
    assert caller_of_jwt(situation.world, situation.options, token) is None


def test_a_key_that_is_given_signs(situation: Situation) -> None:
    key = RSAKey.generate_key(2048)
    options = replace(situation.options, signing_key=key)
    token = issue_jwt(situation.world, options, worker(situation), SCOPES, asymmetric=True)
    assert jwt.decode(token, key, algorithms=["RS512"]).claims["preferred_username"] == "report_worker"


async def test_the_key_set_verifies_asymmetric_tokens_and_is_public(lms: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "report-client", "client_secret": SECRET}
    answer = await lms.post("/oauth2/access_token", data={**form, "token_type": "jwt", "asymmetric_jwt": "true"})
    keys = (await lms.get("/oauth2/jwks.json")).json()
    assert keys["keys"][0].keys() & {"d", "p", "q"} == set()
    claims = jwt.decode(answer.json()["access_token"], KeySet.import_key_set(keys), algorithms=["RS512"]).claims
    assert claims["preferred_username"] == "report_worker"
