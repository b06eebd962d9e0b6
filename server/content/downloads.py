"""`/content/files/…` and `/content/archives/…`: files of content and exports, whole or in part, at signed addresses."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from db.store import BlobLink, BlobsUnavailable, Corrupted, Store
from db.store.parcels import Parcels
from resolvers.content.signing import ARCHIVES, PATH, File, Signer

CHUNK = 1 << 20
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
DIGITS = 20
"""Of a number of bytes; with more it is past the end of whatever there is."""
SHOWN = re.compile(r"(image/(?!svg)|audio/|video/|application/pdf$|text/(plain|vtt)$)")
"""Types that browsers may show in place; the others, which may hold scripts, are saved."""


class Ranged(Protocol):
    """Bytes of which any part can be had."""

    @property
    def size(self) -> int:
        """Their number."""

    async def part(self, start: int, end: int) -> bytes:
        """Those from `start` up to, not with, `end`."""


Find = Callable[[str], Awaitable[Ranged | None]]


class Downloads:
    """Answers downloads."""

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._parcels = Parcels(store)
        self._signer = signer

    def routes(self) -> list[Route]:
        """The routes."""
        methods = ["GET", "HEAD"]
        return [
            Route(f"{PATH}/{{digest}}/{{name}}", partial(self._answer, self._file), methods=methods),
            Route(f"{ARCHIVES}/{{digest}}/{{name}}", partial(self._answer, self._parcels.export), methods=methods),
        ]

    async def _file(self, digest: str) -> Ranged | None:
        try:
            return (await self._store.locate([BlobLink(digest, 0)]))[digest]
        except Corrupted:
            return None

    async def _answer(self, find: Find, request: Request) -> Response:
        """Answer one request: 200, 206, 304, 403 for a bad or old address, 404, 416 and 503."""
        query, path = request.query_params, request.path_params
        file = File(path["digest"], path["name"], query.get("type", ""))
        until = query.get("until", "")
        now = datetime.now(UTC)
        is_number = until.isascii() and until.isdecimal() and len(until) < 12  # noqa: PLR2004 -- seconds since 1970
        if not is_number or not self._signer.is_good(file, int(until), query.get("signature", ""), now):
            return PlainTextResponse("This address is not good, or not any more.\n", 403)
        found = await find(file.digest)
        if found is None:
            return PlainTextResponse("There is no such file any more.\n", 404)
        headers = _headers(file, int(until) - int(now.timestamp()))
        if f'"{file.digest}"' in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return await _content(found, request, headers)


def _headers(file: File, seconds: int) -> dict[str, str]:
    place = "inline" if SHOWN.match(file.content_type) else "attachment"
    return {
        "accept-ranges": "bytes",
        "cache-control": f"private, max-age={seconds}, immutable",
        "content-disposition": f"{place}; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "content-type": file.content_type,
        "etag": f'"{file.digest}"',
        "x-content-type-options": "nosniff",
    }


async def _content(blob: Ranged, request: Request, headers: Mapping[str, str]) -> Response:
    """The bytes that are asked for."""
    start, end, status = _range(_wanted(request, headers["etag"]), blob.size)
    if status == 416:  # noqa: PLR2004 -- HTTP's number
        return Response(status_code=416, headers={"content-range": f"bytes */{blob.size}"})
    sized = {**headers, "content-length": str(end - start)}
    if status == 206:  # noqa: PLR2004 -- HTTP's number
        sized["content-range"] = f"bytes {start}-{end - 1}/{blob.size}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=sized)
    parts = _parts(blob, start, end)
    try:
        first = await anext(parts, b"")
    except (BlobsUnavailable, Corrupted):
        return PlainTextResponse("The file cannot be read now.\n", 503)
    return StreamingResponse(_joined(first, parts), status, sized)


def _wanted(request: Request, etag: str) -> str | None:
    """The range that is asked for, unless it is one of another file (RFC 9110, 13.1.5)."""
    return request.headers.get("range") if request.headers.get("if-range", etag) == etag else None


def _range(header: str | None, size: int) -> tuple[int, int, int]:
    """Where to start and end, and the status (RFC 9110, 14.2). Several ranges are answered by the whole."""
    match = RANGE.fullmatch(header or "")
    if match is None or match.groups() == ("", ""):
        return 0, size, 200
    if not match[1]:
        start, end = max(0, size - _number(match[2])), size
    else:
        start, end = _number(match[1]), min(size, _number(match[2]) + 1) if match[2] else size
    return (start, end, 206) if start < end else (0, 0, 416)


def _number(digits: str) -> int:
    return int(digits.lstrip("0")[:DIGITS] or "0")


async def _parts(blob: Ranged, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        stop = min(start + CHUNK, end)
        yield await blob.part(start, stop)
        start = stop


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
