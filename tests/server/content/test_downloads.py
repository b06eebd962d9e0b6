"""Downloads over HTTP (spec/content-api.md; RFC 9110 on ranges)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from db.engine import Database
from db.store import Intake, Store, open_blobs
from resolvers.content.signing import File, Signer
from server.content import downloads
from server.content.downloads import Downloads
from tests.db.store.conftest import Bytes
from tests.serving import serving

SIGNER = Signer("a secret that is long enough for tests, and no other use")
BLOB = Bytes(b"0123456789")
ETAGS = (f'"{BLOB.digest}"', '"another"')


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
async def site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    store = Store(database, open_blobs(tmp_path / "blobs"))
    await Intake(store).blobs([BLOB, Bytes(b"")])
    monkeypatch.setattr(downloads, "CHUNK", 4)
    async with (
        serving(Starlette(routes=[*Downloads(store, SIGNER).routes()])) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        yield client


def address(name: str = "a b ü.png", kind: str = "image/png", digest: str = BLOB.digest, *, ago: int = 0) -> str:
    return SIGNER.url(File(digest, name, kind), datetime.now(UTC) - timedelta(hours=ago))


async def test_a_file_comes_whole_with_its_type_and_name(site: httpx.AsyncClient) -> None:
    answer = await site.get(address())

    assert (answer.status_code, answer.content) == (200, BLOB.data)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''a%20b%20%C3%BC.png"
    assert answer.headers["etag"] == f'"{BLOB.digest}"'
    again = await site.get(address(), headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await site.head(address())
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")


@pytest.mark.parametrize(
    ("wanted", "status", "content", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=2-", 206, b"23456789", "bytes 2-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-4", 416, b"", "bytes */10"),
        ("bytes=0-1,3-4", 200, BLOB.data, None),
        ("lines=1-2", 200, BLOB.data, None),
        ("bytes=-", 200, BLOB.data, None),
        (f"bytes={'9' * 5000}-", 416, b"", "bytes */10"),
        (f"bytes=0-{'9' * 5000}", 206, BLOB.data, "bytes 0-9/10"),
        (f"bytes={'0' * 30}8-", 206, b"89", "bytes 8-9/10"),
    ],
)
async def test_a_part_of_a_file_can_be_had(
    site: httpx.AsyncClient, wanted: str, status: int, content: bytes, told: str | None
) -> None:
    answer = await site.get(address(), headers={"range": wanted})
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, content, told)


async def test_what_was_begun_with_another_file_is_had_as_a_whole(site: httpx.AsyncClient) -> None:
    """RFC 9110, 13.1.5: else a client would join parts of two exports."""
    told = {mark: await site.get(address(), headers={"range": "bytes=4-", "if-range": mark}) for mark in ETAGS}
    assert [(answer.status_code, answer.content) for answer in told.values()] == [(206, b"456789"), (200, BLOB.data)]


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/javascript", "text/plain-ish"])
async def test_what_may_hold_scripts_is_saved_and_never_run(site: httpx.AsyncClient, kind: str) -> None:
    answer = await site.get(address(kind=kind))
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_address_is_good_for_a_time_and_for_what_it_was_signed_for(site: httpx.AsyncClient) -> None:
    assert (await site.get(address(ago=1))).status_code == 200  # an hour at least
    good = address()
    bad = [
        address(ago=3),
        good.replace("image%2Fpng", "text%2Fhtml"),
        good.replace("a%20b", "c"),
        good.replace(BLOB.digest, Bytes(b"").digest),
        good.partition("?")[0],
        good.replace("until=", "until=9"),
        good.replace("until=", "until=x"),
        Signer("another").url(File(BLOB.digest, "a", "image/png"), datetime.now(UTC)),
    ]
    assert [(await site.get(url)).status_code for url in bad] == [403] * len(bad)
    assert (await site.get(address(digest="0" * 64))).status_code == 404


async def test_an_empty_file_is_one(site: httpx.AsyncClient) -> None:
    answer = await site.get(address(digest=Bytes(b"").digest))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_addresses_stay_the_same_for_a_while_and_in_every_process() -> None:
    moment, file = datetime(2026, 3, 1, 12, 1, tzinfo=UTC), File(BLOB.digest, "a", "image/png")
    one, other = Signer("shared"), Signer("shared")
    assert one.url(file, moment) == other.url(file, moment + timedelta(minutes=58))
    assert one.url(file, moment) != one.url(file, moment + timedelta(hours=1))
    assert Signer().url(file, moment) != Signer().url(file, moment)


async def test_a_file_that_is_lost_or_damaged_is_told_before_any_of_it_is_sent(
    site: httpx.AsyncClient, tmp_path: Path
) -> None:
    [file] = [path for path in (tmp_path / "blobs").rglob("*-*") if path.read_bytes() == BLOB.data]
    file.unlink()
    answer = await site.get(address())
    assert (answer.status_code, answer.text) == (503, "The file cannot be read now.\n")
