"""GraphQL over HTTP: a thin ASGI view between requests and the executor.

It follows the GraphQL-over-HTTP specification: POST with JSON, GET for queries, and the media type that `Accept` asks
for. `application/graphql-response+json` answers carry the status of the result, `application/json` ones are 200
whenever the request itself was well formed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from resolvers.access import Viewer
from resolvers.errors import Code, Unauthenticated
from server.errors import described, refused
from server.execution import Executor, Operation, Result

LARGEST_BODY = 256 * 1024
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
MEMBERS = frozenset({"query", "operationName", "variables", "extensions"})


@dataclass(frozen=True)
class Response:
    """What goes back over HTTP."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: Sequence[tuple[bytes, bytes]] = ()


class BadRequest(Exception):
    """A request that holds no operation to run."""

    def __init__(self, status: int, code: Code, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class GraphQLView:
    """The ASGI application of the GraphQL endpoint."""

    def __init__(self, executor: Executor, sign_in: Callable[[Mapping[str, str]], Viewer]) -> None:
        self._executor = executor
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = Headers(scope=scope)
        media_type = JSON
        try:
            media_type = accepted(headers.get("accept"))
            viewer = self._sign_in(headers)
            operation = await _operation(scope, headers, receive)
            response = _answer(await self._executor.execute(operation, viewer), media_type)
        except Unauthenticated as error:
            response = _refusal(401, Code.UNAUTHENTICATED, str(error), media_type, [CHALLENGE])
        except BadRequest as error:
            response = _refusal(error.status, error.code, str(error), media_type, error.headers)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the client gets JSON and the log the rest
            [described_error] = described([GraphQLError("", original_error=error)])
            response = Response(500, orjson.dumps({"errors": [described_error]}), media_type)
        await _send(response, send)


CHALLENGE = (b"www-authenticate", b'JWT realm="api"')


def accepted(accept: str | None) -> str:
    """The media type to answer with. Raises BadRequest (406) when none that we have is accepted."""
    if not accept:
        return JSON
    best, quality = None, 0.0
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        offered = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(name)
        weight = _quality(parameters)
        if offered is not None and weight > quality:
            best, quality = offered, weight
    if best is None:
        raise BadRequest(406, Code.NOT_ACCEPTABLE, f"Accept: only {GRAPHQL} and {JSON} are answered here")
    return best


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


async def _operation(scope: Scope, headers: Headers, receive: Receive) -> Operation:
    """The operation in a request. Raises BadRequest."""
    match scope["method"]:
        case "GET":
            return _from_query_string(scope["query_string"])
        case "POST":
            return _from_body(headers, await _body(headers, receive))
        case method:
            raise BadRequest(405, Code.METHOD_NOT_ALLOWED, f"{method} is not allowed here", (b"allow", b"GET, POST"))


def _from_query_string(query_string: bytes) -> Operation:
    try:
        parameters = dict(parse_qsl(query_string.decode(), errors="strict", keep_blank_values=True, max_num_fields=16))
        variables = _json(parameters["variables"].encode()) if parameters.get("variables") else None
    except ValueError as error:
        raise BadRequest(400, Code.BAD_REQUEST, "the query string is not valid UTF-8 or has too many fields") from error
    given = {"query": parameters.get("query"), "operationName": parameters.get("operationName") or None}
    return _checked(given | {"variables": variables})


def _from_body(headers: Headers, body: bytes) -> Operation:
    content_type = headers.get("content-type", "").partition(";")
    if content_type[0].strip().lower() != JSON:
        raise BadRequest(415, Code.UNSUPPORTED_MEDIA_TYPE, f"send the operation as {JSON}")
    charset = content_type[2].lower().partition("charset=")[2].strip().strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise BadRequest(415, Code.UNSUPPORTED_MEDIA_TYPE, "send the operation as UTF-8")
    given = _json(body)
    if not isinstance(given, dict):
        raise BadRequest(400, Code.BAD_REQUEST, "the body must be a JSON object with the member 'query'")
    return _checked(given)


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, Code.BAD_REQUEST, f"this is not JSON: {error}") from error


def _checked(given: Mapping[str, Any]) -> Operation:
    """An operation of members that have the right types."""
    query, name, variables = given.get("query"), given.get("operationName"), given.get("variables")
    if not isinstance(query, str) or not query:
        raise BadRequest(400, Code.BAD_REQUEST, "'query' must be a text: the GraphQL document")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, Code.BAD_REQUEST, "'operationName' must be a text or null")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, Code.BAD_REQUEST, "'variables' must be an object or null")
    extensions = given.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, Code.BAD_REQUEST, "'extensions' must be an object or null")
    return Operation(query, name, variables)


async def _body(headers: Headers, receive: Receive) -> bytes:
    """The whole body, given up as soon as it is too large. Raises BadRequest (413)."""
    problem = BadRequest(413, Code.PAYLOAD_TOO_LARGE, f"the body has more than {LARGEST_BODY} bytes")
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise problem
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            raise problem
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _answer(result: Result, media_type: str) -> Response:
    body = orjson.dumps(result.body())
    if result.is_unauthenticated:
        return Response(401, body, media_type, [CHALLENGE])
    return Response(400 if result.is_refused and media_type == GRAPHQL else 200, body, media_type)


def _refusal(
    status: int, code: Code, message: str, media_type: str, headers: Sequence[tuple[bytes, bytes]]
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
