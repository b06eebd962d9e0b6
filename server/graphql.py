"""GraphQL over HTTP: a thin ASGI view between requests and the executor.

`application/graphql-response+json` answers carry the status of the result, `application/json` ones are 200 whenever
the request itself was well formed (spec: GraphQL over HTTP, "Response").
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Scope, Send

from resolvers.access import Viewer
from resolvers.errors import Code, ServiceUnavailable, Unauthenticated
from server.errors import described, refused
from server.exchange import headers_of
from server.execution import Executor, Result
from server.media import GRAPHQL, JSON, accepted
from server.requests import BadRequest, operation

REFUSED = 400
"""Status of an operation that was not run, for whoever accepts the newer media type.

The draft of 2026-08 has 422 for documents that do not fit; the audits and other servers keep to this one.
"""

STATUSES: Mapping[Code, int] = MappingProxyType(
    {
        Code.FORBIDDEN: 403,
        Code.NOT_ACCEPTABLE: 406,
        Code.PERSISTED_QUERY_NOT_FOUND: 400,
        Code.PERSISTED_QUERY_NOT_SUPPORTED: 400,
        Code.RATE_LIMITED: 429,
    }
)
"""Statuses of operations that were not run which are the same for both media types."""

CHALLENGE = (b"www-authenticate", b'JWT realm="api"')


@dataclass(frozen=True)
class Response:
    """What goes back over HTTP."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: Sequence[tuple[bytes, bytes]] = ()


class GraphQLView:
    """The ASGI application of the GraphQL endpoint, as open as the executor's profile."""

    def __init__(self, executor: Executor, sign_in: Callable[[Mapping[str, str]], Viewer]) -> None:
        self._executor = executor
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = headers_of(scope)
        media_type = accepted(headers.get("accept"))
        if media_type is None:
            problem = f"Accept: only {GRAPHQL} and {JSON} are answered here"
            await _send(_refusal(406, Code.NOT_ACCEPTABLE, problem, JSON), send)
            return
        await _send(await self._response(scope, headers, receive, media_type), send)

    async def _response(self, scope: Scope, headers: Mapping[str, str], receive: Receive, media_type: str) -> Response:
        try:
            viewer = self._sign_in(headers)
            asked = await operation(scope, headers, receive, self._executor.profile)
            return _answer(await self._executor.execute(asked, viewer), media_type)
        except Unauthenticated as error:
            return _refusal(401, Code.UNAUTHENTICATED, str(error), media_type, [CHALLENGE])
        except ServiceUnavailable as error:
            return _refusal(503, error.code, str(error), media_type)
        except BadRequest as error:
            return _refusal(error.status, error.code, str(error), media_type, error.headers)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the client gets JSON and the log the rest
            body = orjson.dumps({"errors": described([GraphQLError("", original_error=error)])})
            return Response(500, body, media_type)


def _answer(result: Result, media_type: str) -> Response:
    body = orjson.dumps(result.body())
    match result.refusal:
        case None:
            return Response(200, body, media_type)
        case Code.UNAUTHENTICATED:
            return Response(401, body, media_type, [CHALLENGE])
        case Code.METHOD_NOT_ALLOWED:
            return Response(405, body, media_type, [(b"allow", b"POST")])
    status = STATUSES.get(result.refusal, REFUSED if media_type == GRAPHQL else 200)
    return Response(status, body, media_type)


def _refusal(
    status: int, code: Code, message: str, media_type: str, headers: Sequence[tuple[bytes, bytes]] = ()
) -> Response:
    return Response(status, orjson.dumps({"errors": [refused(code, message)]}), media_type, headers)


async def _send(response: Response, send: Send) -> None:
    headers = [
        (b"content-type", f"{response.media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(response.body)).encode()),
        (b"vary", b"Accept, Authorization"),
        (b"cache-control", b"no-store"),
        *response.headers,
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
