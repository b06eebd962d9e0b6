"""A course that is kept in step with a server over the network (spec/content-api.md: "efficiently maintain")."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from db.engine import Database
from db.store import Store, open_blobs
from resolvers.access import Viewer
from resolvers.content.exports import files_of
from resolvers.content.nodes import Written, write
from resolvers.editing.locks import acquire
from resolvers.transfer.trees import BadTree, Trees
from server.content.answers import Entrance
from server.content.commands import push_file
from server.content.pieces import BLOB, PIECES, batches, read_pieces, written
from server.content.pushing import PushRefused, connected
from server.content.sync import SyncEndpoint
from server.failures import Failure
from tests.asking import ANONYMOUS, AUTHOR, LEARNER
from tests.db.store.conftest import add_runs
from tests.edx.olx.twins import COURSE, parsed, tarred
from tests.resolvers.content.conftest import ADA, loaded
from tests.serving import serving

KEY = "course-v1:ANUx+ASTRO1x+1T2026"
PICTURES = {
    f"static/{number}.png": random.Random(number).randbytes(20_000)  # noqa: S311 -- no secret
    for number in range(20)
}
LARGE = {**COURSE, **PICTURES}
WHO = {"JWT author": AUTHOR, "JWT learner": LEARNER}


def sign_in(headers: Mapping[str, str]) -> Viewer:
    return WHO.get(headers.get("authorization", ""), ANONYMOUS)


class Line:
    """A line to a server that counts the bytes on it, either way."""

    def __init__(self) -> None:
        self.bytes = 0
        self.url = ""

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(1 << 16):
                self.bytes += len(data)
                target.write(data)
                await target.drain()
        target.close()

    @contextlib.asynccontextmanager
    async def to(self, url: str) -> AsyncIterator["Line"]:
        there = httpx.URL(url)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection(there.host, there.port)
            await asyncio.gather(self.carry(reader, far_writer), self.carry(far_reader, writer))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where trees are taken."""
    return "sqlite"


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, open_blobs(tmp_path / "blobs"))


@pytest.fixture
async def run(database: Database) -> int:
    [run] = await add_runs(database, "1T2026")
    return run


@pytest.fixture
async def line(store: Store, run: int) -> AsyncIterator[Line]:
    app = Starlette(routes=SyncEndpoint(store.database, Trees(store), Entrance(sign_in), most=1 << 20).routes())
    async with serving(app) as url, Line().to(url) as line:
        yield line


def course(files: Mapping[str, bytes]) -> Written:
    return write(parsed(files).course)


async def push(line: Line, files: Mapping[str, bytes], *, who: str = "author", **given: Any) -> tuple[Any, int]:
    """What became of a course that is pushed, and how many bytes went over the line for it."""
    before = line.bytes
    async with connected(line.url, who, KEY) as remote:
        pushed = await remote.push(course(files), **given)
    return pushed, line.bytes - before


async def test_only_what_the_server_lacks_goes_over_the_line(line: Line, store: Store, run: int) -> None:
    """The first time all of it; of an unchanged course two hashes; of a changed component its way up to the root."""
    whole = sum(map(len, LARGE.values()))
    first, size = await push(line, LARGE)
    assert (first.answer["version"], first.answer["changed"]) == (course(LARGE).root, True)
    assert whole < size < whole * 1.2
    assert {file.path: file.blob.read() for file in files_of(await loaded(store, run))} == LARGE

    again, size = await push(line, LARGE, expectedVersion=first.answer["version"])
    assert (again.answer, again.bytes) == ({"version": first.answer["version"], "changed": False}, 0)
    assert size < 1_500  # headers, most of it

    changed, size = await push(line, {**LARGE, "problem/sum.xml": b"<problem>2</problem>"})
    assert (changed.nodes, changed.blobs, changed.answer["changed"]) == (6, 1, True)
    assert size < 20_000
    other, size = await push(line, {**COURSE, "static/0.png": PICTURES["static/0.png"]})
    assert (other.blobs, size < 20_000) == (0, True)


async def test_what_is_refused_is_told_and_changes_nothing(line: Line, store: Store, run: int) -> None:
    first, _ = await push(line, COURSE)
    changed = {**COURSE, "README": b"new"}
    async with store.database.writing() as session:
        lock = await acquire(session, run, ADA)
    refused = []
    for given in (
        {"lockToken": lock.token, "expectedVersion": "0" * 64},
        {"lockToken": "x"},
        {},
        {"lockToken": lock.token, "failLevel": "WARNING"},
        {"lockToken": lock.token, "failLevel": "NONE"},
        {"message": "x" * 1001},
        {"who": "learner"},
        {"who": "nobody"},
    ):
        with pytest.raises(PushRefused) as caught:
            await push(line, changed, **given)
        refused.append(caught.value.code)
    assert refused == [
        "VERSION_CONFLICT", "LOCK_EXPIRED", "LOCKED", "ARCHIVE_REFUSED", "BAD_REQUEST", "BAD_REQUEST", "FORBIDDEN",
        "UNAUTHENTICATED",
    ]  # fmt: skip
    dry, _ = await push(line, changed, lockToken=lock.token, validateOnly=True)
    assert (dry.answer["version"], dry.answer["changed"]) == (course(changed).root, False)
    assert (await loaded(store, run)).version == first.answer["version"]
    done, _ = await push(line, changed, lockToken=lock.token, expectedVersion=first.answer["version"])
    assert done.answer["changed"]


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("offers", b"[]", 400),
        ("offers", b"{", 400),
        ("offers", bytes((4 << 20) + 1), 413),
        ("offers", b'{"nodes": ["x"]}', 400),
        ("offers", b'{"nodes": "x"}', 400),
        ("commits", b"{}", 400),
        ("commits", b'{"root": "%s", "frame": "%s"}' % (b"0" * 64, b"0" * 64), 409),
        ("pieces", b"", 415),
    ],
)
async def test_requests_that_make_no_sense_are_refused(line: Line, what: str, body: bytes, status: int) -> None:
    async with httpx.AsyncClient(base_url=line.url, headers={"authorization": "JWT author"}) as client:
        answer = await client.post(f"/content/sync/{KEY}/{what}", content=body)
        wrong = await client.post(f"/content/sync/course-v1:No+Such+Run/{what}", content=body)
        nonsense = await client.post(f"/content/sync/nonsense/{what}", content=body)
        large = await client.post(
            f"/content/sync/{KEY}/pieces", content=written(BLOB, bytes(1 << 20)), headers={"content-type": PIECES}
        )
    assert (answer.status_code, wrong.status_code, large.status_code) == (status, 404, 413)
    assert (nonsense.status_code, nonsense.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_COURSE_KEY")


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for part in data:
        yield part


async def test_pieces_come_in_whatever_chunks_and_are_stored_some_at_a_time() -> None:
    sent = b"".join(b"".join(batch) for batch in batches([(BLOB, bytes(3 << 20))] * 3 + [(b"N", b"x")]))
    chunks = [sent[start : start + 100_000] for start in range(0, len(sent), 100_000)]
    found = [some async for some in read_pieces(pieces(*chunks), len(sent))]
    assert [(len(some.nodes), len(some.blobs)) for some in found] == [(0, 2), (1, 1)]
    [sent] = (b"".join(batch) for batch in batches([(BLOB, bytes(4 << 20))]))  # just what goes together
    assert [len(some.blobs) async for some in read_pieces(pieces(sent), len(sent))] == [1]
    for bad in (b"X" + bytes(8), b"N" + b"\xff" * 8, written(BLOB, b"abc")[:-1]):
        with pytest.raises(BadTree):
            [some async for some in read_pieces(pieces(bad), 100)]


async def test_the_command_says_what_it_sent(line: Line, tmp_path: Path, capsys: Any) -> None:
    folder, token = tmp_path / "course", tmp_path / "token"
    token.write_text("author\n")
    for path, data in COURSE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    for _ in range(2):
        await push_file(folder, KEY, server=line.url, token=f"@{token}")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"The run is at version {course(COURSE).root}; ")
    assert second.endswith("as before; 0 nodes and 0 files, 0 bytes, were sent.")
    with pytest.raises(Failure, match="Sign in"):
        await push_file(folder, KEY, server=line.url, token="bad")
    (folder / "problem/sum.xml").write_bytes(b"<problem>")
    with pytest.raises(Failure, match="the archive was refused: 1 error"):
        await push_file(folder, KEY, server=line.url, token="author")
    (folder / "problem/sum.xml").write_bytes(b"<problem/>")
    with pytest.raises(Failure, match="cannot be reached"):
        await push_file(folder, KEY, server="http://127.0.0.1:1", token="author")


def standing_in(**answers: tuple[int, Any]) -> Starlette:
    """What may stand where a server is looked for: one that answers each kind of request in one way."""

    async def answer(request: Request) -> Response:
        status, told = answers[request.url.path.rpartition("/")[2]]
        return JSONResponse(told, status)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])


def error(code: str, **told: Any) -> dict[str, Any]:
    return {"errors": [{"message": "no", "extensions": {"code": code, **told}}]}


async def test_what_only_the_server_has_against_a_course_is_told(tmp_path: Path, capsys: Any) -> None:
    """Servers differ in what they take."""
    problems = [
        {"severity": "ERROR", "file": "problem/sum.xml", "message": "too large"},
        {"severity": "WARNING", "file": None, "message": "no grading policy"},
    ]
    archive = tmp_path / "course.tar.gz"
    archive.write_bytes(tarred(COURSE).read())
    async with serving(standing_in(commits=(422, error("ARCHIVE_REFUSED", problems=problems)))) as url:
        with pytest.raises(Failure, match="no"):
            await push_file(archive, KEY, server=url, token="author")
    assert capsys.readouterr().err.splitlines() == ["error: problem/sum.xml: too large", "warning: no grading policy"]


async def test_whatever_answers_is_not_believed_to_be_a_server_of_this_kind() -> None:
    bad_gateway = standing_in(commits=(502, "the page of a proxy"))
    forgetful = standing_in(
        commits=(409, error("INCOMPLETE_TREE")), offers=(200, {"nodes": [], "blobs": []}), pieces=(200, {})
    )
    refused = []
    for app in (bad_gateway, forgetful):
        async with serving(app) as url, connected(url, "author", KEY) as remote:
            with pytest.raises(PushRefused) as caught:
                await remote.push(course(COURSE))
        refused.append((caught.value.code, str(caught.value)))
    assert refused == [
        ("502", "the server answered 502"),
        ("INCOMPLETE_TREE", "the server lost what it was sent; begin again"),
    ]


async def test_a_body_that_breaks_off_is_answered_as_a_bad_request(store: Store, run: int) -> None:
    """Nobody reads that answer, but nothing is logged as a fault of the server."""
    app = Starlette(routes=SyncEndpoint(store.database, Trees(store), Entrance(sign_in), most=1 << 20).routes())
    received: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    path = f"/content/sync/{KEY}/offers"
    headers = [(b"authorization", b"JWT author")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert (sent[0]["status"], b"the request broke off" in sent[1]["body"]) == (400, True)
