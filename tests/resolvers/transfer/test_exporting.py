"""Exports as jobs: E1 to E4, E7 and E8 of the notes on OLX (spec/content-api.md, "Read")."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette

from db.tables import ContentUsage, Job, JobState, now
from edx.olx import File as OlxFile
from edx.olx import InMemory
from edx.olx.export import write_zip
from resolvers.access import Role, Viewer
from resolvers.content.exports import MANIFEST
from resolvers.content.signing import ARCHIVES, File, Signer
from resolvers.errors import Forbidden
from resolvers.refusals import Reason, Refusal
from resolvers.transfer.asking import Format
from resolvers.usage import usage_of
from server.content.downloads import Downloads
from tests.edx.olx.twins import COURSE
from tests.resolvers.content.conftest import imported, unpacked
from tests.resolvers.transfer.conftest import Desk, result

ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
SIGNER = Signer("a secret that is long enough for tests, and no other use")


async def fetched(desk: Desk, told: Mapping[str, Any], **headers: str) -> httpx.Response:
    app = Starlette(routes=Downloads(desk.store, SIGNER).routes())
    url = SIGNER.url(File(told["archive"], told["name"], told["contentType"]), now(), ARCHIVES)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://college.test") as client:
        return await client.get(url, headers=headers)


async def test_the_version_of_when_it_was_asked_for_comes_out_byte_for_byte(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E1, E4: in several parts, of which any range can be had; and always the same bytes."""
    monkeypatch.setattr("resolvers.transfer.exporting.PART", 1000)
    uuid = await desk.ask_to_export()
    await imported(desk.store, desk.runs[0], {**COURSE, "README": b"new"})
    job = await desk.work(uuid)
    told = result(job)

    assert (job.state, job.stage, job.done, job.total) == (JobState.SUCCEEDED, "COMPRESSING", 24, 24)
    assert (told["version"], told["block"], told["files"]) == (desk.version, None, len(COURSE))
    assert told["name"] == "ANUx-ASTRO1x-1T2026.tar.gz"
    whole = await fetched(desk, told)
    assert unpacked(whole.content) == COURSE
    assert (whole.headers["content-type"], int(whole.headers["content-length"])) == ("application/gzip", told["size"])
    part = await fetched(desk, told, range="bytes=900-2100")
    assert (part.status_code, part.content) == (206, whole.content[900:2101])
    again = result(await desk.work(await desk.ask_to_export(version=desk.version)))
    assert (again["sha256"], again["archive"] == told["archive"]) == (told["sha256"], False)


@ON_SQLITE
async def test_a_block_comes_out_with_all_below_it_and_a_manifest(desk: Desk) -> None:
    """E2, and as a zip archive; nothing says when it was made."""
    told = result(await desk.work(await desk.ask_to_export(block="html/page", format=Format.ZIP)))
    with zipfile.ZipFile(io.BytesIO((await fetched(desk, told)).content)) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        assert archive.read("html/body.html") == COURSE["html/body.html"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert manifest == {
        "type": "html", "url_name": "page", "version": desk.version, "subtree": told["subtree"],
    }  # fmt: skip
    assert (told["block"], told["name"]) == ("html/page", "ANUx-ASTRO1x-1T2026-page.zip")


def test_the_same_files_are_the_same_zip_archive() -> None:
    files = [OlxFile(name, InMemory.of(name.encode())) for name in ("b", "a/c", "a")]
    targets = [io.BytesIO(), io.BytesIO()]
    write_zip(files, targets[0])
    write_zip(reversed(files), targets[1])
    assert targets[0].getvalue() == targets[1].getvalue()


@ON_SQLITE
async def test_what_is_not_there_is_told(desk: Desk) -> None:
    """E4, E7: a name alone may mean several blocks."""
    twice = {
        "chapter/two.xml": b'<chapter><sequential url_name="two"/></chapter>',
        "sequential/two.xml": b"<sequential/>",
    }
    await imported(desk.store, desk.runs[0], {**COURSE, **twice})
    jobs = [await desk.work(await desk.ask_to_export(block=block)) for block in ("html/none", "two")]
    assert [(job.state, job.error_code) for job in jobs] == [
        (JobState.FAILED, "BLOCK_UNKNOWN"), (JobState.FAILED, "BLOCK_AMBIGUOUS"),
    ]  # fmt: skip
    assert "chapter/two or sequential/two" in (jobs[1].error_message or "")
    with pytest.raises(Refusal) as caught:
        await desk.ask_to_export(version="0" * 64)
    assert caught.value.problems[0].code is Reason.VERSION_UNKNOWN
    desk.key = desk.key.replace("1T2026", "2T2026")
    with pytest.raises(Refusal, match="no content"):
        await desk.ask_to_export()
    desk.viewer = Viewer("bob", frozenset({Role.LEARNER}))
    with pytest.raises(Forbidden):  # E8
        await desk.ask_to_export()


@ON_SQLITE
async def test_an_export_that_was_done_is_not_made_twice(desk: Desk) -> None:
    """J6: an attempt that died before it could say so."""
    done = await desk.work(await desk.ask_to_export())
    async with desk.database.writing() as session:
        values = {"state": JobState.QUEUED, "finished_at": None, "result": None}
        await session.execute(update(Job).where(Job.uuid == done.uuid).values(values))
    again = await desk.work(done.uuid)
    assert (again.state, result(again)) == (JobState.SUCCEEDED, result(done))


@ON_SQLITE
async def test_a_block_that_no_file_of_its_own_can_hold_is_told(desk: Desk) -> None:
    name = "a" * 255
    unit = b"<vertical><html url_name='%s'>x</html></vertical>" % name.encode()
    await imported(desk.store, desk.runs[0], {**COURSE, "vertical/u2.xml": unit})
    job = await desk.work(await desk.ask_to_export(block=f"html/{name}"))
    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, "CONTENT_REFUSED", 1)
    assert "longer than 255 bytes" in (job.error_message or "")


@ON_SQLITE
async def test_an_archive_can_be_had_until_it_is_swept(desk: Desk) -> None:
    told = result(await desk.work(await desk.ask_to_export()))
    url = SIGNER.url(File(told["archive"], told["name"], told["contentType"]), now(), ARCHIVES)
    assert (await fetched(desk, told)).status_code == 200
    assert await desk.uploads.sweep() == 0
    assert await desk.uploads.sweep(now().replace(year=now().year + 1)) == 1
    assert (await fetched(desk, told)).status_code == 404
    app = Starlette(routes=Downloads(desk.store, SIGNER).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://college.test") as client:
        assert (await client.get(url.replace("archives", "files"))).status_code == 404
        assert (await client.get(url.replace("gzip", "html"))).status_code == 403


@ON_SQLITE
async def test_what_is_asked_for_is_counted_once_when_it_is_done_or_refused(desk: Desk) -> None:
    """spec/content-api.md, "Observability": by operation, type of blocks and outcome."""
    await desk.imported({**COURSE, "README": b"new"})
    await desk.work(await desk.ask_to_export(block="html/page"))
    await desk.work(await desk.ask_to_export(block="html/none"))
    with pytest.raises(Refusal):
        await desk.ask_to_export(version="0" * 64)
    await usage_of(desk.database).flush(desk.database)
    async with desk.database.writing() as session:
        query = select(ContentUsage).where(ContentUsage.application == "tests", ContentUsage.username == "ada")
        rows = list(await session.scalars(query))
    counted: Counter[tuple[str, str, str]] = Counter()
    for row in rows:  # those of one operation may have taken so differently long that they are counted apart
        counted[row.operation, row.outcome, row.block_type] += row.count
    assert {key: count for key, count in counted.items() if key[0] != "importCourse" or not key[2]} == {
        ("importCourse", "ok", ""): 2,  # the desk's own, too
        ("exportCourse", "ok", ""): 1,
        ("exportCourse", "ok", "html"): 1,
        ("exportCourse", "BLOCK_UNKNOWN", ""): 1,
        ("exportCourse", "VERSION_UNKNOWN", ""): 1,
    }
