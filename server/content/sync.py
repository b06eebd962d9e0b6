"""`/content/sync/…`: trees of courses that clients send piece by piece, and only what this server lacks of them.

A client says which tree it has, offers hashes from the root down, sends what is lacking, and says it again.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.store import Author
from edx.olx import Severity
from resolvers.content.imports import Rules, Target
from resolvers.editing.requests import Asked
from resolvers.errors import Code
from resolvers.transfer.importing import as_data
from resolvers.transfer.trees import BadTree, Tree, Trees
from server.content.answers import Entrance, Unsupported, answered
from server.content.pieces import PIECES, read_pieces

PATH = "/content/sync/{key}"
HASH = re.compile(r"[0-9a-f]{64}")
MOST_HASHES = 20_000
LONGEST_JSON = 4 << 20
NO_STORE = {"cache-control": "no-store"}


class SyncEndpoint:
    """Answers synchronizations, for those who may change the content of the run."""

    def __init__(self, database: Database, trees: Trees, entrance: Entrance, *, most: int) -> None:
        self._database = database
        self._trees = trees
        self._entrance = entrance
        self._most = most
        """Bytes of the pieces of one request."""

    def routes(self) -> list[Route]:
        """The routes."""
        works = {"offers": self._offer, "pieces": self._take, "commits": self._commit}
        return [Route(f"{PATH}/{name}", _endpoint(work), methods=["POST"]) for name, work in works.items()]

    async def _offer(self, request: Request) -> Response:
        """Which nodes and blobs are not here."""
        await self._run(request)
        given = await _json(request)
        nodes, blobs = (_hashes(given, name) for name in ("nodes", "blobs"))
        lacking = await self._trees.lacking(nodes, blobs)
        return JSONResponse({"nodes": lacking[0], "blobs": lacking[1]}, headers=NO_STORE)

    async def _take(self, request: Request) -> Response:
        """Take pieces."""
        await self._run(request)
        if request.headers.get("content-type") != PIECES:
            raise Unsupported(415, Code.UNSUPPORTED_MEDIA_TYPE, f"send pieces as {PIECES}")
        nodes, blobs = 0, 0
        async for some in read_pieces(request.stream(), self._most):
            await self._trees.take(some.nodes, some.blobs)
            nodes, blobs = nodes + len(some.nodes), blobs + len(some.blobs)
        return JSONResponse({"nodes": nodes, "blobs": blobs}, headers=NO_STORE)

    async def _commit(self, request: Request) -> Response:
        """Make a tree that is all here the content of the run."""
        run, author = await self._run(request)
        given = await _json(request)
        tree = Tree(_hash(given, "root"), _hash(given, "frame"))
        expected, message, token = (_text(given, name) for name in ("expectedVersion", "message", "lockToken"))
        target = Target(run, author, expected, message or "", token=token)
        level = _text(given, "failLevel") or Severity.ERROR.name
        if level not in Severity.__members__:
            raise BadTree(f"`failLevel` is one of {', '.join(Severity.__members__)}")
        rules = Rules(fail_level=Severity[level])
        done = await self._trees.commit(tree, target, rules=rules, is_dry=given.get("validateOnly") is True)
        told: Any = {"version": tree.root, "changed": False} if done is None else as_data(done)
        return JSONResponse(told, headers=NO_STORE)

    async def _run(self, request: Request) -> tuple[int, Author]:
        """The run that a request is about, and who asks."""
        asked = Asked(self._database, await self._entrance.viewer(request), request.path_params["key"])
        async with self._database.writing() as session:
            return await asked.run(session), asked.author


def _endpoint(work: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return await answered(work, request, NO_STORE)

    return answer


async def _json(request: Request) -> dict[str, Any]:
    """The object in a body. Raises BadTree."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LONGEST_JSON:
            raise Unsupported(413, Code.PAYLOAD_TOO_LARGE, f"the body has more than {LONGEST_JSON} bytes")
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise BadTree("the body is no JSON object")
    return found


def _hash(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not HASH.fullmatch(found):
        raise BadTree(f"`{name}` must be a hash: 64 hexadecimal digits in lower case")
    return found


def _hashes(given: Mapping[str, Any], name: str) -> list[str]:
    found = given.get(name, [])
    if not isinstance(found, list) or len(found) > MOST_HASHES:
        raise BadTree(f"`{name}` must be a list of {MOST_HASHES} hashes at most")
    return sorted({_hash({name: each}, name) for each in found})


def _text(given: Mapping[str, Any], name: str) -> str | None:
    found = given.get(name)
    if found is not None and (not isinstance(found, str) or "\0" in found or len(found) > 1000):  # noqa: PLR2004 -- as in mutations
        raise BadTree(f"`{name}` must be a text of 1000 characters at most")
    return found
