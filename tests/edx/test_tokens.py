import asyncio
import gc
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from edx.errors import OpenEdxError, Rejected, Throttled, UnexpectedAnswer, Unreachable
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings
from edx.tokens import Tokens
from tests.edx.conftest import Service, recorded, replayed, reply, title_of

SECRET = "s3cret-of-the-test"
LIST = "/api/organizations/v0/organizations/"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def jwt(number: int = 1, **claims: object) -> str:
    body = orjson.dumps({"preferred_username": "collegium_worker", "number": number, **claims})
    return f"eyJhbGciOiJIUzI1NiJ9.{urlsafe_b64encode(body).decode().rstrip('=')}.c2lnbmF0dXJl"


def token(number: int = 1, **changed: Any) -> Response:
    answer = {"access_token": jwt(number), "expires_in": 3600, "token_type": "JWT", "scope": "read write"}
    return reply({**answer, **changed})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def tokens(service: Service, clock: Clock) -> AsyncIterator[Tokens]:
    async with Tokens(service.url, "client", SECRET, settings=HttpSettings(clock=clock)) as tokens:
        yield tokens


async def test_a_jwt_is_asked_for_with_the_applications_credentials(service: Service, tokens: Tokens) -> None:
    service.answers(token())
    assert await tokens.authorization() == f"JWT {jwt()}"
    assert await tokens.username() == "collegium_worker"
    (seen,) = service.seen
    assert (seen.method, seen.path) == ("POST", "/oauth2/access_token")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.body.decode() == (
        f"grant_type=client_credentials&client_id=client&client_secret={SECRET}&token_type=jwt"
    )


@pytest.mark.parametrize("tail", ["", "/", "/oauth2", "/oauth2/", "/oauth2/access_token", "/oauth2/access_token/"])
async def test_the_base_url_may_hold_the_path_of_tokens(service: Service, tail: str) -> None:
    service.answers(token())
    async with Tokens(service.url + tail, "client", SECRET) as tokens:
        await tokens.authorization()
    assert service.seen[0].path == "/oauth2/access_token"


@pytest.mark.parametrize(("life", "usable"), [(3600, 3570), (100, 90)])
async def test_a_token_is_kept_until_shortly_before_its_end(
    service: Service, tokens: Tokens, clock: Clock, life: int, usable: int
) -> None:
    service.answers(token(1, expires_in=life), token(2))
    first = await tokens.authorization()
    clock.now += usable - 1
    assert await tokens.authorization() == first
    clock.now += 1
    assert await tokens.authorization() == f"JWT {jwt(2)}"
    assert len(service.seen) == 2


async def slowly(request: Request) -> Response:
    await asyncio.sleep(0.02)
    return token()


async def test_five_calls_at_once_ask_for_one_token(service: Service, tokens: Tokens) -> None:
    service.answers(slowly)
    values = await asyncio.gather(*(tokens.authorization() for _ in range(5)))
    assert set(values) == {f"JWT {jwt()}"}
    assert len(service.seen) == 1


async def test_a_failure_reaches_all_and_the_next_call_tries_anew(service: Service, tokens: Tokens) -> None:
    service.answers(reply({"error": "invalid_client"}, 401), token())
    failures = await asyncio.gather(*(tokens.authorization() for _ in range(5)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [Rejected] * 5
    assert len(service.seen) == 1
    assert await tokens.authorization() == f"JWT {jwt()}"


async def test_a_caller_that_gives_up_leaves_the_token_to_the_others(service: Service, tokens: Tokens) -> None:
    service.answers(slowly)
    first, second = asyncio.create_task(tokens.authorization()), asyncio.create_task(tokens.authorization())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == f"JWT {jwt()}"
    assert first.cancelled()
    assert len(service.seen) == 1


async def test_a_failure_that_nobody_waits_for_is_not_reported_as_overlooked(
    service: Service, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    async def refusing(request: Request) -> Response:
        await asyncio.sleep(0.02)
        return reply({"error": "invalid_client"}, 401)

    service.answers(refusing)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tokens.authorization(), 0.005)
    await asyncio.sleep(0.05)
    with pytest.raises(Rejected):
        await tokens.authorization()
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_token_is_asked_for_again_when_the_service_is_away(service: Service, tokens: Tokens) -> None:
    service.answers(reply("<title>Bad Gateway</title>", 502), token())
    assert await tokens.authorization() == f"JWT {jwt()}"


async def test_calls_that_meet_a_401_at_once_renew_the_token_once(service: Service, tokens: Tokens) -> None:
    async def lms(request: Request) -> Response:
        if request.url.path == "/oauth2/access_token":
            return token(2 if service.seen[0].path != request.url.path or len(service.seen) > 1 else 1)
        fresh = request.headers["authorization"] == f"JWT {jwt(2)}"
        return reply({"results": []}) if fresh else reply({"detail": "Invalid token."}, 401)

    service.answers(lms)
    await tokens.authorization()
    async with OpenEdxHttp(service.url, authority=tokens) as http:
        await asyncio.gather(*(http.get(LIST, operation="list") for _ in range(5)))
    assert sum(seen.path == "/oauth2/access_token" for seen in service.seen) == 2


async def test_a_late_401_does_not_cost_the_newer_token(service: Service, tokens: Tokens) -> None:
    service.answers(token(1), token(2))
    old = await tokens.authorization()
    tokens.refused(old)
    new = await tokens.authorization()
    tokens.refused(old)
    assert await tokens.authorization() == new
    assert len(service.seen) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"error": "invalid_client"}, 401, www_authenticate='Bearer error="invalid_client"'), Rejected),
        (reply({"error": "unsupported_grant_type"}, 400), Rejected),
        (reply(f"<title>Too Many Requests</title> {SECRET}", 429), Throttled),
        (reply(f"<title>{SECRET}</title>", 502), Unreachable),
        (reply({"error": SECRET, "detail": SECRET}, 400), Rejected),
        (reply("<title>Sign in</title>"), UnexpectedAnswer),
        (Response(SECRET), UnexpectedAnswer),
        (reply([]), UnexpectedAnswer),
        (reply({}), UnexpectedAnswer),
        (token(access_token=None), UnexpectedAnswer),
        (token(access_token=""), UnexpectedAnswer),
        (token(access_token="opaque-" + SECRET), UnexpectedAnswer),
        (token(access_token="a\r\nb: c.d.e"), UnexpectedAnswer),
        (token(access_token="a.e30.c"), UnexpectedAnswer),
        (token(access_token="a.W10.c"), UnexpectedAnswer),
        (token(access_token="a.x.c"), UnexpectedAnswer),
        (token(access_token="a.eHh4.c"), UnexpectedAnswer),
        (token(token_type="Bearer"), UnexpectedAnswer),
        (token(token_type=None), UnexpectedAnswer),
        (token(expires_in="3600"), UnexpectedAnswer),
        (token(expires_in=0), UnexpectedAnswer),
        (token(expires_in=None), UnexpectedAnswer),
    ],
)
async def test_what_is_no_token_is_an_error_that_holds_no_secret(
    service: Service, tokens: Tokens, answer: Response, kind: type[OpenEdxError]
) -> None:
    service.answers(answer)
    with pytest.raises(kind) as failed:
        await tokens.authorization()
    shown = repr(failed.value) + str(failed.value) + repr(vars(failed.value)) + repr(tokens)
    assert SECRET not in shown
    assert failed.value.path == "/oauth2/access_token"


async def test_the_platforms_code_of_a_refusal_is_told(service: Service, tokens: Tokens) -> None:
    service.answers(reply({"error": "invalid_client"}, 401))
    with pytest.raises(Rejected, match="refused: invalid_client") as failed:
        await tokens.authorization()
    assert failed.value.messages == ("invalid_client",)


async def test_a_token_shows_neither_in_the_client_nor_in_the_answer(service: Service, tokens: Tokens) -> None:
    service.answers(token())
    await tokens.authorization()
    assert jwt() not in repr(tokens) + repr(tokens._token)
    assert SECRET not in repr(tokens)


async def test_closing_ends_a_request_under_way(service: Service) -> None:
    service.answers(slowly)
    tokens = Tokens(service.url, "client", SECRET)
    waiting = asyncio.create_task(tokens.authorization())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await tokens.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


GRANTED = [
    each
    for each in recorded("oauth")
    if each["response"]["status"] == 200 and each["response"]["body"]["token_type"] == "JWT"
]


@pytest.mark.parametrize("exchange", GRANTED, ids=title_of)
async def test_tokens_of_the_real_platform_are_read(service: Service, tokens: Tokens, exchange: dict[str, Any]) -> None:
    """The recordings leave the token out and tell its claims."""
    claims = exchange["jwt_decoded"]["claims"]
    service.answers(replayed(exchange, {**exchange["response"]["body"], "access_token": jwt(**claims)}))
    assert await tokens.username() == claims["preferred_username"]
    assert await tokens.authorization() == f"JWT {jwt(**claims)}"
