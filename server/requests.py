"""The operation in an HTTP request: POST with JSON, or GET for queries (spec: GraphQL over HTTP, "Request")."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from resolvers.errors import Code
from server.media import JSON
from server.operations import Operation
from server.profiles import Profile

MOST_PARAMETERS = 16
"""How many parameters a query string may have."""


class BadRequest(Exception):
    """A request that holds no operation to run."""

    def __init__(self, status: int, code: Code, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


async def operation(scope: Scope, headers: Mapping[str, str], receive: Receive, profile: Profile) -> Operation:
    """The operation in a request. Raises BadRequest."""
    method = scope["method"]
    if method == "POST":
        _check_content(headers)
        return _from_body(await _body(headers, receive, profile.limits.body))
    if method == "GET" and profile.takes_get:
        return _from_query_string(scope["query_string"], profile.limits.body)
    allowed = b"GET, POST" if profile.takes_get else b"POST"
    raise BadRequest(405, Code.METHOD_NOT_ALLOWED, f"{method} is not allowed here", (b"allow", allowed))


def _from_query_string(text: bytes, limit: int) -> Operation:
    if len(text) > limit:
        raise BadRequest(414, Code.PAYLOAD_TOO_LARGE, f"the query string has more than {limit} bytes")
    try:
        parameters = dict(
            parse_qsl(text.decode(), errors="strict", keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
        )
    except ValueError as error:
        raise BadRequest(400, Code.BAD_REQUEST, "the query string is not UTF-8 or has too many fields") from error
    given: dict[str, Any] = {
        name: _json(value.encode()) for name in ("variables", "extensions") if (value := parameters.get(name))
    }
    given |= {"query": parameters.get("query"), "operationName": parameters.get("operationName") or None}
    given["documentId"] = parameters.get("documentId")
    return _checked(given, is_read_only=True)


def _check_content(headers: Mapping[str, str]) -> None:
    """Refuse what is not JSON in UTF-8. Raises BadRequest (415)."""
    name, _, parameters = headers.get("content-type", "").partition(";")
    if name.strip().lower() != JSON:
        raise BadRequest(415, Code.UNSUPPORTED_MEDIA_TYPE, f"send the operation as {JSON}")
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip().strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise BadRequest(415, Code.UNSUPPORTED_MEDIA_TYPE, "send the operation as UTF-8")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise BadRequest(415, Code.UNSUPPORTED_MEDIA_TYPE, "send the operation as it is, not compressed")


def _from_body(body: bytes) -> Operation:
    given = _json(body)
    if not isinstance(given, dict):
        raise BadRequest(400, Code.BAD_REQUEST, "the body must be a JSON object with the member 'query'")
    return _checked(given, is_read_only=False)


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, Code.BAD_REQUEST, f"this is not JSON: {error}") from error


def _checked(given: Mapping[str, Any], *, is_read_only: bool) -> Operation:
    """An operation of members that have the right types."""
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    document_id = given.get("documentId")
    is_named = document_id is not None or (isinstance(extensions, dict) and "persistedQuery" in extensions)
    if not (isinstance(query, str) and query) and not (query in (None, "") and is_named):
        raise BadRequest(400, Code.BAD_REQUEST, "'query' must be a text: the GraphQL document; or send 'documentId'")
    if document_id is not None and not isinstance(document_id, str):
        raise BadRequest(400, Code.BAD_REQUEST, "'documentId' must be a text or null")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, Code.BAD_REQUEST, "'operationName' must be a text or null")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, Code.BAD_REQUEST, "'variables' must be an object or null")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, Code.BAD_REQUEST, "'extensions' must be an object or null")
    return Operation(query or "", name, variables, extensions, is_read_only, document_id)


async def _body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The whole body, given up as soon as it is too large. Raises BadRequest (413)."""
    problem = BadRequest(413, Code.PAYLOAD_TOO_LARGE, f"the body has more than {limit} bytes")
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:  # more digits than int() takes are still too many
        raise problem
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(400, Code.BAD_REQUEST, "the body ended early")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise problem
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
