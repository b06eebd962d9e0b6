"""Studio's session pages and its imports, over a simulated Open edX."""

import asyncio
import io
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from edx.errors import NotFound, Rejected, UnexpectedAnswer
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings
from edx.simulator import Fault, Flaw, Kind
from edx.studio_imports import ImportState, StudioImports
from edx.studio_session import StudioSession, Told, words_of
from edx.tokens import Tokens
from tests.edx.studios import OTHER, RUN, SECRET, Studios, archive, serving_studios
from tests.serving import serving

PATIENCE = HttpSettings(attempts=1)


@pytest.fixture(scope="module")
async def served_edx() -> AsyncIterator[Studios]:
    async with serving_studios() as edx:
        yield edx


@pytest.fixture
def edx(served_edx: Studios) -> Studios:
    return served_edx.fresh()


@pytest.fixture
async def session(edx: Studios) -> AsyncIterator[StudioSession]:
    async with (
        OpenEdxHttp(edx.lms, settings=PATIENCE, keeps_cookies=True) as lms,
        OpenEdxHttp(edx.studio, settings=PATIENCE, keeps_cookies=True) as studio,
    ):
        yield StudioSession(lms, studio, "worker", SECRET)


@pytest.fixture
async def imports(edx: Studios) -> AsyncIterator[StudioImports]:
    async with (
        Tokens(edx.lms, "collegium", SECRET, settings=PATIENCE) as tokens,
        OpenEdxHttp(edx.studio, authority=tokens, settings=PATIENCE) as http,
    ):
        yield StudioImports(http)


async def test_an_import_goes_through_its_states(edx: Studios, imports: StudioImports) -> None:
    """The task's states: Pending → In Progress → Unpacking → Verifying → Updating → Succeeded."""
    edx.jobs.states = ["Pending", "Retrying", "In Progress", "Unpacking", "Verifying", "Updating", "Something new"]
    packed = archive()
    task = await imports.begin(RUN, packed, "a.tar.gz")
    states = [await imports.state(RUN, task, "a.tar.gz") for _ in range(8)]
    assert states == [
        "Pending", "Pending", "In Progress", "Unpacking", "Verifying", "Updating", "In Progress", "Succeeded"
    ]  # fmt: skip
    assert [state.step for state in states[3:] if state] == [0, 1, 2, 0, 3]
    assert edx.jobs.archives == {str(RUN): packed.getvalue()}


async def test_a_task_that_studio_does_not_know_is_none(imports: StudioImports) -> None:
    """Studio answers 500 then, also for another name of the file."""
    task = await imports.begin(RUN, archive(), "a.tar.gz")
    assert await imports.state(RUN, task, "b.tar.gz") is None
    assert await imports.state(RUN, "4b357bb3-2a1e-441d-9f6c-2210cf76606f", "a.tar.gz") is None


async def test_why_an_import_failed_is_on_the_page_for_people(
    edx: Studios, imports: StudioImports, session: StudioSession
) -> None:
    for name, words in [
        ("course/nothing.xml", "Could not find the course.xml file in the package."),
        ("course/course.xml", "Error while reading a.xml. Check file for XML errors."),
    ]:
        edx.jobs.fails = Flaw("Updating", words) if "Error" in words else None
        task = await imports.begin(RUN, archive(name), "a.tar.gz")
        assert await imports.state(RUN, task, "a.tar.gz") is ImportState.FAILED
        assert await session.import_of(RUN, "a.tar.gz") == Told(ImportState.FAILED, words)
    assert await session.import_of(RUN, "other.tar.gz") is None
    edx.jobs.fails, edx.jobs.states = None, ["Verifying"]
    await imports.begin(RUN, archive(), "a.tar.gz")
    assert [await session.import_of(RUN, "a.tar.gz") for _ in range(2)] == [
        Told(ImportState.VERIFYING),
        Told(ImportState.SUCCEEDED),
    ]


async def test_what_was_imported_is_exported_again(edx: Studios, session: StudioSession) -> None:
    edx.jobs.archives[str(RUN)] = b"an archive"
    edx.jobs.export_states = ["Exporting", "Compressing"]
    assert await session.export_of(RUN) is None
    await session.begin_export(RUN)
    assert [told.state for _ in range(3) if (told := await session.export_of(RUN))] == [
        "In Progress",
        "In Progress",
        "Succeeded",
    ]
    target = io.BytesIO()
    await session.download(RUN, target, most=100, patience=5)
    assert target.getvalue() == b"an archive"
    with pytest.raises(UnexpectedAnswer, match="more than 5 bytes"):
        await session.download(RUN, io.BytesIO(), most=5, patience=5)
    assert edx.faults.requests["POST", "/api/user/v2/account/login_session/"] == 1


async def test_a_session_that_has_ended_is_begun_anew(edx: Studios, session: StudioSession) -> None:
    edx.jobs.archives[str(RUN)] = b"an archive"
    await session.begin_export(RUN)
    edx.world.sessions.clear()
    assert await session.export_of(RUN) == Told(ImportState.SUCCEEDED)
    assert edx.faults.requests["POST", "/api/user/v2/account/login_session/"] == 2


async def test_an_export_that_fails_has_studios_words(session: StudioSession) -> None:
    await session.begin_export(RUN)
    assert await session.export_of(RUN) == Told(ImportState.FAILED, "raw_error_msg: The course has no content.")
    assert words_of("") == words_of(None) == ""


async def test_what_the_user_may_not_see_is_refused(edx: Studios, session: StudioSession) -> None:
    with pytest.raises(NotFound):
        await session.export_of(OTHER)
    edx.world.users["worker"].staff = False
    try:
        with pytest.raises(Rejected):
            await session.export_of(RUN)
    finally:
        edx.world.users["worker"].staff = True


async def test_a_wrong_password_is_refused_and_not_shown(edx: Studios) -> None:
    async with (
        OpenEdxHttp(edx.lms, settings=PATIENCE, keeps_cookies=True) as lms,
        OpenEdxHttp(edx.studio, settings=PATIENCE, keeps_cookies=True) as studio,
    ):
        session = StudioSession(lms, studio, "worker", "hunter2")
        with pytest.raises(Rejected) as caught:
            await session.export_of(RUN)
        assert caught.value.status == 400
        assert "hunter2" not in f"{caught.value} {session!r}"


async def test_cookies_go_to_the_lms_and_studio_only(edx: Studios, session: StudioSession) -> None:
    edx.faults.set([Fault(Kind.PAGE, path="/export_status/")])
    with pytest.raises(UnexpectedAnswer):
        await session.export_of(RUN)
    with pytest.raises(UnexpectedAnswer):  # another LMS than the one that Studio signs people in with
        async with (
            OpenEdxHttp(edx.studio, settings=PATIENCE, keeps_cookies=True) as studio,
            OpenEdxHttp(edx.lms.replace("127.0.0.1", "localhost"), settings=PATIENCE, keeps_cookies=True) as lms,
        ):
            await StudioSession(lms, studio, "worker", SECRET).export_of(RUN)


async def test_what_becomes_of_imports_can_be_set_over_http(edx: Studios, imports: StudioImports) -> None:
    control = f"{edx.studio}/_simulator/imports"
    async with httpx.AsyncClient() as client:
        wanted = {"states": ["Unpacking"], "stage": "Verifying", "message": "Odd."}
        assert (await client.put(control, json=wanted)).status_code == 204
        assert (await client.put(control, json={"stage": "Nowhere"})).status_code == 400
        assert (await client.put(control, json={"colour": 1})).status_code == 400
        task = await imports.begin(RUN, archive(), "a.tar.gz")
        assert [await imports.state(RUN, task, "a.tar.gz") for _ in range(2)] == ["Unpacking", "Failed"]
        assert (await client.get(control)).json() == {str(RUN): 1}


async def test_several_who_need_the_session_at_once_begin_one(edx: Studios, session: StudioSession) -> None:
    assert await asyncio.gather(*(session.export_of(RUN) for _ in range(3))) == [None] * 3
    assert edx.faults.requests["POST", "/api/user/v2/account/login_session/"] == 1


@pytest.mark.parametrize(
    ("redirects", "problem"),
    [
        ({}, "Studio does not know who signed in just now"),
        ({"/login/": "/login/"}, "one redirect follows the other"),
        ({"/api/user/v2/account/login_session/": "/closed"}, "login_session"),
    ],
)
async def test_a_platform_that_never_lets_in_is_given_up(redirects: dict[str, str], problem: str) -> None:
    """What no Open edX of ours does: one that keeps no sessions, sends in circles, or takes nobody."""

    async def page(request: Request) -> Response:
        path = request.url.path
        location = redirects.get(path, "/login/" if path.startswith("/export_status/") else None)
        return RedirectResponse(location, 302) if location else PlainTextResponse("a page")

    async with (
        serving(Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST"])])) as url,
        OpenEdxHttp(url, settings=PATIENCE, keeps_cookies=True) as lms,
        OpenEdxHttp(url, settings=PATIENCE, keeps_cookies=True) as studio,
    ):
        with pytest.raises(UnexpectedAnswer, match=problem):
            await StudioSession(lms, studio, "worker", SECRET).export_of(RUN)
