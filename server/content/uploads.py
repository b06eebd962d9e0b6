"""`/uploads`: archives that clients send, at once as a form, or in parts by the protocol tus 1.0 (https://tus.io).

Of tus there are the extensions creation, creation-with-upload, checksum, expiration and termination.
"""

import base64
import binascii
import contextlib
from collections.abc import AsyncIterator, Mapping
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.store import Author
from db.tables import Parcel
from db.types import iso
from resolvers.content.uploads import (
    Announced,
    BadUpload,
    Checksum,
    Uploads,
    UploadTooLarge,
)
from resolvers.editing.rights import require_to_edit_some
from resolvers.errors import Code
from server.content.answers import Entrance, Unsupported, Work, answered, failure
from server.content.forms import Form, boundary_of

PATH = "/uploads"
VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
METHODS = ("sha1", "sha256")
"""How parts may be hashed; the first is what every server of the protocol knows."""
LONGEST_FIELD = 1024
MOST_AROUND = 64 * 1024
"""Bytes of a form besides those of its file."""
LONGEST_METADATA = 8 * 1024
OVERRIDE = "x-http-method-override"
ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "tus-version": VERSION,
        "tus-extension": "creation,creation-with-upload,checksum,expiration,termination",
        "tus-checksum-algorithm": ",".join(METHODS),
    }
)
SPOKEN: Mapping[str, str] = MappingProxyType({"tus-resumable": VERSION, "cache-control": "no-store"})


class UploadEndpoint:
    """Answers requests about uploads, for those who may change the content of some run."""

    def __init__(self, database: Database, uploads: Uploads, entrance: Entrance) -> None:
        self._database = database
        self._uploads = uploads
        self._entrance = entrance

    def routes(self) -> list[Route]:
        """The routes."""
        one = {"GET": self._tell, "HEAD": self._head, "PATCH": self._patch, "DELETE": self._delete}
        return [
            Route(PATH, self._by_method({"POST": self._create}), methods=["POST", "OPTIONS"]),
            Route(f"{PATH}/{{uuid}}", self._by_method(one), methods=[*one, "POST", "OPTIONS"]),
        ]

    def _by_method(self, works: Mapping[str, Work]) -> Work:
        async def answer(request: Request) -> Response:
            method = request.headers.get(OVERRIDE, "POST").upper() if request.method == "POST" else request.method
            if method == "OPTIONS":
                return Response(status_code=204, headers=self._abilities())
            work = works.get(method)
            if work is None:
                return failure(405, Code.METHOD_NOT_ALLOWED, f"{method} is not for this address", SPOKEN)
            return await answered(work, request, SPOKEN)

        return answer

    def _abilities(self) -> dict[str, str]:
        return {**ABOUT, **SPOKEN, "tus-max-size": str(self._uploads.limits.size)}

    # What can be asked for

    async def _create(self, request: Request) -> Response:
        """A new upload: a form with the whole file, or, by the protocol, the announcement of one."""
        owner = await self._owner(request, is_new=True)
        boundary = boundary_of(request.headers.get("content-type", ""))
        if boundary is not None:
            self._check_length(request)
            parcel = await self._from_form(owner, Form(request.stream(), boundary))
            return JSONResponse(_told(parcel), 201, {**SPOKEN, **self._place(parcel)})
        _check_version(request)
        announced, checksum = _announced(request), _checksum(request)
        parcel = await self._uploads.begin(owner, announced)
        headers = dict(self._place(parcel))
        if _has_bytes(request):
            async with self._removing(parcel):
                parcel = await self._uploads.append(parcel, 0, request.stream(), checksum)
            headers["upload-offset"] = str(parcel.received)
        return Response(status_code=201, headers={**SPOKEN, **headers, **_expiry(parcel)})

    @contextlib.asynccontextmanager
    async def _removing(self, parcel: Parcel) -> AsyncIterator[None]:
        """Where a new upload is removed if anything goes wrong, since nobody was told its address."""
        try:
            yield
        except Exception:
            await self._uploads.remove(parcel)
            raise

    async def _from_form(self, owner: Author, form: Form) -> Parcel:
        """The file of a form; a field before it may have the SHA-256 of the whole."""
        digest = None
        fields = form.fields()
        async for field in fields:
            if field.filename is not None:
                break
            value = await _text(form)
            digest = value if field.name == "sha256" and value else digest
        else:
            raise BadUpload("the form has no file")
        parcel = await self._uploads.begin(owner, Announced(None, digest, field.filename))
        async with self._removing(parcel):
            parcel = await self._uploads.append(parcel, 0, form.data())
            async for after in fields:
                if after.filename is not None:
                    raise BadUpload("a form may have one file; send others on their own")
                value = await _text(form)
                if after.name == "sha256" and value:
                    raise BadUpload("the field sha256 has to come before the file, which is not checked else")
            return await self._uploads.complete(parcel)

    def _check_length(self, request: Request) -> None:
        """Refuse a form that is too large before any of it is read."""
        length, limit = request.headers.get("content-length", ""), self._uploads.limits.size
        if length.isascii() and length.isdecimal() and int(length) > limit + MOST_AROUND:
            raise UploadTooLarge(f"a file may have {limit} bytes")

    async def _tell(self, request: Request) -> Response:
        """What there is of an upload, as JSON."""
        return JSONResponse(_told(await self._parcel(request)), headers=dict(SPOKEN))

    async def _head(self, request: Request) -> Response:
        """The same by the protocol."""
        _check_version(request)
        parcel = await self._parcel(request)
        size = {} if parcel.size is None else {"upload-length": str(parcel.size)}
        said = {"upload-metadata": parcel.metadata_} if parcel.metadata_ else {}
        return Response(headers={**SPOKEN, "upload-offset": str(parcel.received), **size, **said, **_expiry(parcel)})

    async def _patch(self, request: Request) -> Response:
        """Take some more bytes."""
        _check_version(request)
        if not _has_bytes(request):
            raise Unsupported(415, Code.UNSUPPORTED_MEDIA_TYPE, f"send bytes as {BYTES}")
        checksum = _checksum(request)
        parcel = await self._parcel(request)
        offset = _number(request, "upload-offset")
        parcel = await self._uploads.append(parcel, offset, request.stream(), checksum)
        return Response(status_code=204, headers={**SPOKEN, "upload-offset": str(parcel.received), **_expiry(parcel)})

    async def _delete(self, request: Request) -> Response:
        """Remove an upload."""
        _check_version(request)
        await self._uploads.remove(await self._parcel(request))
        return Response(status_code=204, headers=dict(SPOKEN))

    # Who asks, and for what

    async def _owner(self, request: Request, *, is_new: bool = False) -> Author:
        viewer = await self._entrance.viewer(request)
        if is_new:
            async with self._database.writing() as session:
                await require_to_edit_some(session, viewer)
        return Author(viewer.username or "", viewer.application)

    async def _parcel(self, request: Request) -> Parcel:
        return await self._uploads.find(await self._owner(request), request.path_params["uuid"])

    def _place(self, parcel: Parcel) -> Mapping[str, str]:
        return {"location": f"{PATH}/{parcel.uuid}"}


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        message = f"say `Tus-Resumable: {VERSION}`, or send a form"
        raise Unsupported(412, Code.BAD_REQUEST, message, {"tus-version": VERSION})


def _has_bytes(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == BYTES


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 20):  # noqa: PLR2004 -- digits of 64 bits
        raise BadUpload(f"the header {name.title()} must have a number of bytes")
    return int(text)


def _announced(request: Request) -> Announced:
    """What the headers say of a file that is to come. Raises BadUpload."""
    size = _number(request, "upload-length")
    metadata = request.headers.get("upload-metadata", "")
    if len(metadata) > LONGEST_METADATA:
        raise BadUpload(f"the header Upload-Metadata has more than {LONGEST_METADATA} characters")
    found = {}
    for pair in metadata.split(",") if metadata.strip() else ():
        key, _, value = pair.strip().partition(" ")
        found[key] = _decoded("Upload-Metadata", value).decode("utf-8", "replace")
    name = found.get("filename") or found.get("name") or ""
    return Announced(size, found.get("sha256"), name, metadata)


def _checksum(request: Request) -> Checksum | None:
    """What the bytes of a request are to have, if it says so. Raises BadUpload."""
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    method, _, value = given.strip().partition(" ")
    if method not in METHODS:
        raise BadUpload(f"the header Upload-Checksum may name {' or '.join(METHODS)}")
    return Checksum(method, _decoded("Upload-Checksum", value))


def _decoded(header: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise BadUpload(f"the header {header} has something that is not base64") from None


async def _text(form: Form) -> str:
    """The value of a field of a form. Raises BadUpload."""
    value = b""
    async for data in form.data():
        value += data
        if len(value) > LONGEST_FIELD:
            raise BadUpload(f"a field of the form has more than {LONGEST_FIELD} bytes")
    return value.decode("utf-8", "replace").strip()


def _expiry(parcel: Parcel) -> dict[str, str]:
    return {"upload-expires": format_datetime(parcel.expires_at, usegmt=True)}


def _told(parcel: Parcel) -> dict[str, Any]:
    return {
        "id": parcel.uuid,
        "name": parcel.name,
        "size": parcel.size,
        "received": parcel.received,
        "isComplete": parcel.finished_at is not None,
        "sha256": parcel.digest,
        "expiresAt": iso(parcel.expires_at),
    }
