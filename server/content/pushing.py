"""The other side of `/content/sync`: a course is sent to a server, and of it only what that lacks."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from db.store import BlobLink, NodeLink, decode, links_of
from resolvers.content.nodes import Written
from server.content.pieces import BLOB, NODE, PIECES, batches

MOST_HASHES = 10_000
PATIENCE = 600.0
"""Seconds that a server may be silent: it reads a whole course before it answers."""


class PushRefused(Exception):
    """The server does not take the course; the message is its own. `problems` are those of an archive, as JSON."""

    def __init__(self, message: str, code: str, problems: Iterable[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.problems = list(problems)


@dataclass
class Pushed:
    """What became of a course: what the server says of it, and how much was sent for it."""

    answer: Mapping[str, Any]
    nodes: int = 0
    blobs: int = 0
    bytes: int = 0


@contextlib.asynccontextmanager
async def connected(server: str, token: str, run: str) -> "AsyncIterator[Remote]":
    """A run on the server at an address, to which somebody is signed in by a token, for the time of the block."""
    headers = {"authorization": f"JWT {token}"}
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=PATIENCE) as client:
        yield Remote(client, run)


class Remote:
    """A run on a server; `client` has its address and a token."""

    def __init__(self, client: httpx.AsyncClient, run: str) -> None:
        self._client = client
        self._path = f"/content/sync/{quote(run, safe='')}"

    async def push(self, course: Written, **given: Any) -> Pushed:
        """Make a course the content of the run; `given` is what else a commit takes. Raises PushRefused.

        Where the run has it already that is one request; else hashes are offered level by level, and only below what
        is lacking.
        """
        tree = {"root": course.root, "frame": course.frame, **given}
        answer = await self._commit(tree)
        if answer is not None:
            return Pushed(answer)
        nodes, blobs = await self._lacking(course)
        pushed = Pushed({}, len(nodes), len(blobs))
        pieces = [(BLOB, digest) for digest in blobs] + [(NODE, digest) for digest in _children_first(course, nodes)]
        for batch in batches(_bytes(course, pieces)):
            body = b"".join(batch)
            pushed.bytes += len(body)
            await self._post("pieces", content=body, headers={"content-type": PIECES})
        pushed.answer = await self._commit(tree) or {}
        if not pushed.answer:
            raise PushRefused("the server lost what it was sent; begin again", "INCOMPLETE_TREE")
        return pushed

    async def _commit(self, tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the server says of a tree; None where it lacks something of it."""
        try:
            answer: Mapping[str, Any] = await self._post("commits", json=tree)
        except PushRefused as refused:
            if refused.code == "INCOMPLETE_TREE":
                return None
            raise
        return answer

    async def _lacking(self, course: Written) -> tuple[list[str], list[str]]:
        """The nodes and blobs that the server lacks: what is below a node that it has is not asked for."""
        nodes: list[str] = []
        blobs: list[str] = []
        level, files = [course.root, course.frame], list[str]()
        seen = {*level}
        while level or files:
            lacking = await self._offer(level, files)
            nodes += lacking[0]
            blobs += lacking[1]
            links = [link for digest in lacking[0] for link in links_of(decode(course.nodes[digest]))]
            level = _new((link.digest for link in links if isinstance(link, NodeLink)), seen)
            files = _new((link.digest for link in links if isinstance(link, BlobLink)), seen)
        return nodes, blobs

    async def _offer(self, nodes: list[str], blobs: list[str]) -> tuple[list[str], list[str]]:
        found: tuple[list[str], list[str]] = [], []
        for start in range(0, max(len(nodes), len(blobs)), MOST_HASHES):
            part = slice(start, start + MOST_HASHES)
            answer = await self._post("offers", json={"nodes": nodes[part], "blobs": blobs[part]})
            found[0].extend(answer["nodes"])
            found[1].extend(answer["blobs"])
        return found

    async def _post(self, what: str, **body: Any) -> Any:
        try:
            answer = await self._client.post(f"{self._path}/{what}", **body)
        except httpx.HTTPError as error:
            message = f"the server cannot be reached: {str(error) or type(error).__name__}"
            raise PushRefused(message, "UNREACHABLE") from error
        if answer.is_success:
            return answer.json()
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> PushRefused:
    """What an answer that is none of success says."""
    try:
        [error, *_] = answer.json()["errors"]
        extensions = error["extensions"]
        return PushRefused(error["message"], extensions["code"], extensions.get("problems", ()))
    except (ValueError, KeyError, TypeError):
        return PushRefused(f"the server answered {answer.status_code}", str(answer.status_code))


def _new(digests: Iterable[str], seen: set[str]) -> list[str]:
    found = sorted(set(digests) - seen)
    seen.update(found)
    return found


def _children_first(course: Written, nodes: Iterable[str]) -> Iterator[str]:
    """Nodes in an order in which each comes after those that it leads to."""
    wanted, done = set(nodes), set[str]()
    left = [(digest, False) for digest in wanted]
    while left:
        digest, is_ready = left.pop()
        if digest in done:
            continue
        if is_ready:
            done.add(digest)
            yield digest
            continue
        left.append((digest, True))
        links = links_of(decode(course.nodes[digest]))
        left += [(link.digest, False) for link in links if link.digest in wanted and link.digest not in done]


def _bytes(course: Written, pieces: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, bytes]]:
    for kind, digest in pieces:
        yield kind, course.nodes[digest] if kind == NODE else course.blobs[digest].read()
