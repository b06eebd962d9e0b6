"""Uploads over HTTP: forms, and the protocol tus 1.0.0 with its extensions (https://tus.io/protocols/resumable-upload).

Every answer is to be what that document says; sections are cited by their names there.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from db.engine import Database
from db.store import Author, Store, open_blobs
from resolvers.access import Viewer
from resolvers.content.uploads import Limits, Uploads
from resolvers.errors import Unauthenticated
from server.applications.callers import Caller
from server.content.answers import Entrance
from server.content.uploads import UploadEndpoint
from server.exchange import Exchanges
from server.throttle import open_throttle
from tests.asking import ANONYMOUS, AUTHOR, LEARNER
from tests.serving import serving

DATA = b"0123456789" * 20
TUS = {"tus-resumable": "1.0.0"}
BYTES = {**TUS, "content-type": "application/offset+octet-stream"}
WHO = {"author": AUTHOR, "other": Caller("other", AUTHOR.roles), "learner": LEARNER}
READER = Caller("author", AUTHOR.roles, scopes=frozenset())


def sign_in(headers: Mapping[str, str]) -> Viewer:
    given = headers.get("authorization", "")
    if given == "bad":
        raise Unauthenticated("The token has expired.")
    return READER if given == "reader" else WHO.get(given, ANONYMOUS)


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where uploads are written."""
    return "sqlite"


@pytest.fixture
def uploads(database: Database, tmp_path: Path) -> Uploads:
    return Uploads(Store(database, open_blobs(tmp_path / "blobs")), Limits(size=1000, quota=2000))


@pytest.fixture
async def site(database: Database, uploads: Uploads) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=UploadEndpoint(database, uploads, Entrance(sign_in)).routes())
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers={"authorization": "author"}) as client:
        yield client


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def begin(site: httpx.AsyncClient, size: int = len(DATA), **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.post("/uploads", headers={**TUS, "upload-length": str(size), **given})


async def patch(site: httpx.AsyncClient, url: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.patch(url, headers={**BYTES, "upload-offset": str(offset), **given}, content=data)


def code(answer: httpx.Response) -> Any:
    return answer.json()["errors"][0]["extensions"]["code"]


async def test_a_form_is_one_request(site: httpx.AsyncClient, uploads: Uploads) -> None:
    answer = await site.post("/uploads", data={"sha256": sha256(DATA)}, files={"file": ("a.tar.gz", DATA)})
    told = answer.json()

    assert (answer.status_code, answer.headers["location"]) == (201, f"/uploads/{told['id']}")
    assert told | {"expiresAt": 0, "id": 0} == {
        "id": 0, "name": "a.tar.gz", "size": 200, "received": 200, "isComplete": True, "sha256": sha256(DATA),
        "expiresAt": 0,
    }  # fmt: skip
    assert (await site.get(answer.headers["location"])).json() == told
    _, stream = await uploads.open(Author("author"), told["id"])
    assert stream.read() == DATA
    other = {"file": ("a.tar.gz", DATA), "sha256": (None, b""), "comment": (None, b"x")}
    assert (await site.post("/uploads", files=other)).status_code == 201  # what tells nothing of the file


FORMS: list[tuple[dict[str, Any], int, str]] = [
    ({"files": {"file": ("a", DATA)}, "data": {"sha256": sha256(b"")}}, 460, "CHECKSUM_MISMATCH"),
    ({"files": {"file": ("a", DATA)}, "data": {"sha256": "x"}}, 400, "BAD_REQUEST"),
    ({"files": {"file": ("a", bytes(1001))}}, 413, "PAYLOAD_TOO_LARGE"),
    ({"files": {"file": ("a", bytes(100_000))}}, 413, "PAYLOAD_TOO_LARGE"),
    ({"files": [("a", ("a", DATA)), ("b", ("b", DATA))]}, 400, "BAD_REQUEST"),
    ({"files": {"sha256": (None, b"x" * 2000)}}, 400, "BAD_REQUEST"),
    ({"files": {"name": (None, b"x")}}, 400, "BAD_REQUEST"),
    ({"files": {"file": ("a", DATA), "sha256": (None, b"0" * 64)}}, 400, "BAD_REQUEST"),
    ({"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, "BAD_REQUEST"),
]


async def test_a_form_that_is_refused_leaves_nothing(site: httpx.AsyncClient, tmp_path: Path) -> None:
    for form, status, expected in FORMS:
        answer = await site.post("/uploads", **form)
        assert (answer.status_code, code(answer)) == (status, expected), form
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


async def test_a_client_learns_what_the_server_can_do(site: httpx.AsyncClient) -> None:
    """ "OPTIONS": no token is asked for."""
    answer = await site.options("/uploads", headers={"authorization": ""})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert (answer.headers["tus-max-size"], answer.headers["tus-checksum-algorithm"]) == ("1000", "sha1,sha256")


async def test_an_upload_is_resumed_where_it_stopped(site: httpx.AsyncClient, uploads: Uploads) -> None:
    """ "Creation", "HEAD", "PATCH", "Expiration": with the SHA-256 of the whole among the metadata."""
    metadata = f"filename {b64(b'demo.tar.gz')},sha256 {b64(sha256(DATA).encode())},empty"
    created = await begin(site, upload_metadata=metadata)
    url = created.headers["location"]
    assert (created.status_code, created.headers["tus-resumable"]) == (201, "1.0.0")
    assert created.headers["upload-expires"].endswith(" GMT")

    first = await patch(site, url, 0, DATA[:50])
    assert (first.status_code, first.content, first.headers["upload-offset"]) == (204, b"", "50")
    assert "upload-expires" in first.headers
    told = await site.head(url, headers=TUS)
    assert (told.status_code, told.headers["upload-offset"], told.headers["upload-length"]) == (200, "50", "200")
    assert (told.headers["cache-control"], told.headers["upload-metadata"]) == ("no-store", metadata)
    wrong = await patch(site, url, 40, DATA[40:])
    assert (wrong.status_code, code(wrong), wrong.headers["upload-offset"]) == (409, "OFFSET_CONFLICT", "50")
    assert (await patch(site, url, 50, DATA[50:])).headers["upload-offset"] == "200"
    assert (await site.get(url)).json()["isComplete"]
    parcel, stream = await uploads.open(Author("author"), url)
    assert (parcel.name, stream.read()) == ("demo.tar.gz", DATA)


async def test_an_upload_may_come_with_its_announcement_and_through_narrow_proxies(site: httpx.AsyncClient) -> None:
    """ "Creation With Upload", and "X-HTTP-Method-Override"."""
    headers = {**BYTES, "upload-length": "200"}
    created = await site.post("/uploads", headers=headers, content=DATA[:120])
    assert (created.status_code, created.headers["upload-offset"]) == (201, "120")
    narrow = {**BYTES, "upload-offset": "120", "x-http-method-override": "PATCH"}
    answer = await site.post(created.headers["location"], headers=narrow, content=DATA[120:])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "200")
    empty = await begin(site, 0)
    assert (await site.get(empty.headers["location"])).json()["isComplete"]


@pytest.mark.parametrize("wrong", [{}, {"upload-checksum": "md5 eA=="}, {"upload-checksum": f"sha1 {b64(DATA)}"}])
async def test_an_announcement_that_comes_with_wrong_bytes_leaves_nothing(
    site: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    """Nobody was told the address of such an upload, so nobody could delete it, and the quota would be less."""
    headers = {**BYTES, "upload-length": "1000", **wrong}
    for _ in range(3):
        answer = await site.post("/uploads", headers=headers, content=bytes(1000 if wrong else 1001))
        assert answer.status_code in (400, 413, 460)
    assert (await begin(site, 1000)).status_code == 201
    assert (await begin(site, 1000)).status_code == 201


async def test_a_part_with_another_checksum_is_thrown_away(site: httpx.AsyncClient) -> None:
    """ "Checksum": 460 and 400, and the offset stays."""
    url = (await begin(site)).headers["location"]
    good = f"sha1 {b64(hashlib.sha1(DATA[:50], usedforsecurity=False).digest())}"
    answers = [
        await patch(site, url, 0, DATA[1:50], upload_checksum=good),
        await patch(site, url, 0, DATA[:50], upload_checksum="crc32 abcd"),
        await patch(site, url, 0, DATA[:50], upload_checksum="sha1 %"),
    ]
    assert [answer.status_code for answer in answers] == [460, 400, 400]
    assert (await site.head(url, headers=TUS)).headers["upload-offset"] == "0"
    assert (await patch(site, url, 0, DATA[:50], upload_checksum=good)).status_code == 204
    other = f"sha256 {b64(hashlib.sha256(DATA[50:]).digest())}"
    assert (await patch(site, url, 50, DATA[50:], upload_checksum=other)).status_code == 204


async def test_an_upload_can_be_given_up(site: httpx.AsyncClient, tmp_path: Path) -> None:
    """ "Termination"."""
    url = (await begin(site)).headers["location"]
    await patch(site, url, 0, DATA[:50])
    assert (await site.delete(url, headers=TUS)).status_code == 204
    answers = [await site.head(url, headers=TUS), await site.delete(url, headers=TUS), await patch(site, url, 0, b"x")]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert "upload-offset" not in answers[0].headers
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


REFUSED: list[tuple[str, dict[str, str], int, str]] = [
    ("POST", {"upload-length": "1"}, 412, "BAD_REQUEST"),
    ("POST", {"tus-resumable": "0.2.2", "upload-length": "1"}, 412, "BAD_REQUEST"),
    ("POST", TUS, 400, "BAD_REQUEST"),
    ("POST", {**TUS, "upload-length": "-1"}, 400, "BAD_REQUEST"),
    ("POST", {**TUS, "upload-length": "1001"}, 413, "PAYLOAD_TOO_LARGE"),
    ("POST", {**TUS, "upload-length": "1", "upload-metadata": "a %"}, 400, "BAD_REQUEST"),
    ("POST", {**TUS, "upload-length": "1", "upload-metadata": "a " + "A" * 9000}, 400, "BAD_REQUEST"),
    ("PATCH", {}, 412, "BAD_REQUEST"),
    ("PATCH", {**TUS, "content-type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("PATCH", BYTES, 400, "BAD_REQUEST"),
    ("PATCH", {**BYTES, "upload-offset": "0"}, 413, "PAYLOAD_TOO_LARGE"),
    ("PATCH", {**BYTES, "upload-offset": "0", "authorization": ""}, 401, "UNAUTHENTICATED"),
    ("PATCH", {**BYTES, "upload-offset": "0", "authorization": "bad"}, 401, "UNAUTHENTICATED"),
    ("PATCH", {**BYTES, "upload-offset": "0", "authorization": "reader"}, 403, "FORBIDDEN"),
    ("PATCH", {**BYTES, "upload-offset": "0", "authorization": "other"}, 404, "NOT_FOUND"),
    ("GET", {"authorization": "other"}, 404, "NOT_FOUND"),
    ("POST", {**TUS, "upload-length": "1", "authorization": "learner"}, 403, "FORBIDDEN"),
    ("POST", {**TUS, "upload-length": "1", "authorization": "reader"}, 403, "FORBIDDEN"),
    ("POST", {**TUS, "x-http-method-override": "BREW"}, 405, "METHOD_NOT_ALLOWED"),
]


async def test_what_cannot_be_is_refused_by_name(site: httpx.AsyncClient) -> None:
    one = (await begin(site, 2)).headers["location"]
    for method, headers, status, expected in REFUSED:
        url, body = ("/uploads", None) if method == "POST" else (one, b"abc" if method == "PATCH" else None)
        answer = await site.request(method, url, headers=headers, content=body)
        assert (answer.status_code, code(answer)) == (status, expected), (method, headers)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert ("tus-version" in answer.headers) == (status == 412)


async def test_a_quota_is_for_all_uploads_of_a_user(site: httpx.AsyncClient) -> None:
    urls = [(await begin(site, 1000)).headers["location"] for _ in range(2)]
    refused = await begin(site, 1)
    assert (refused.status_code, code(refused)) == (413, "PAYLOAD_TOO_LARGE")
    await site.delete(urls[0], headers=TUS)
    assert (await begin(site, 1)).status_code == 201


async def test_each_request_takes_a_point(database: Database, uploads: Uploads) -> None:
    """T1: one of those that the operations of the user take theirs of, too."""
    entrance = Entrance(sign_in, open_throttle(2))
    app = Exchanges(Starlette(routes=UploadEndpoint(database, uploads, entrance).routes()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://college.test") as client:
        client.headers["authorization"] = "author"
        answers = [await begin(client) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert code(answers[2]) == "RATE_LIMITED"
    assert int(answers[2].headers["retry-after"]) > 0
