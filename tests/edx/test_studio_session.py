"""Studio's session pages and its imports, over a simulated Open edX."""

import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from edx.errors import NotFound, Rejected, UnexpectedAnswer
from edx.http import OpenEdxHttp
from edx.keys import CourseKey
from edx.patience import HttpSettings
from edx.simulator import UNTHROTTLED, Fault, Faults, Flaw, Jobs, Kind, Options, World, running
from edx.simulator.world import Application, CourseRun, Key, User
from edx.studio_imports import ImportState, StudioImports
from edx.studio_session import StudioSession, Told, words_of
from edx.tokens import Tokens

RUN = CourseKey.parse("course-v1:Org0X+C0.0x+R0")
OTHER = CourseKey.parse("course-v1:Org0X+C0.0x+R1")
SECRET = "plainly-a-test-secret"
PATIENCE = HttpSettings(attempts=1)


@dataclass
class Edx:
    world: World
    faults: Faults = field(default_factory=Faults)
    jobs: Jobs = field(default_factory=Jobs)
    lms: str = ""
    studio: str = ""


@pytest.fixture(scope="module")
async def served_edx() -> AsyncIterator[Edx]:
    edx = Edx(World())
    edx.world.add_user(User("worker", "worker@example.org", staff=True, password=SECRET))
    edx.world.add_application(Application("collegium", SECRET, "worker"))
    edx.world.add_run(CourseRun(Key(RUN.org, RUN.course, RUN.run), "Run"))
    async with running(edx.world, Options(rates=UNTHROTTLED), faults=edx.faults, jobs=edx.jobs) as addresses:
        edx.lms, edx.studio = addresses.lms, addresses.studio
        yield edx


@pytest.fixture
def edx(served_edx: Edx) -> Edx:
    served_edx.faults.set([])
    served_edx.faults.requests.clear()
    served_edx.jobs.clear()
    served_edx.world.sessions.clear()
    return served_edx


@pytest.fixture
async def session(edx: Edx) -> AsyncIterator[StudioSession]:
    async with (
        OpenEdxHttp(edx.lms, settings=PATIENCE, keeps_cookies=True) as lms,
        OpenEdxHttp(edx.studio, settings=PATIENCE, keeps_cookies=True) as studio,
    ):
        yield StudioSession(lms, studio, "worker", SECRET)


@pytest.fixture
async def imports(edx: Edx) -> AsyncIterator[StudioImports]:
    async with (
        Tokens(edx.lms, "collegium", SECRET, settings=PATIENCE) as tokens,
        OpenEdxHttp(edx.studio, authority=tokens, settings=PATIENCE) as http,
    ):
        yield StudioImports(http)


def archive(name: str = "course/course.xml") -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return packed


async def test_an_import_goes_through_its_states(edx: Edx, imports: StudioImports) -> None:
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
    edx: Edx, imports: StudioImports, session: StudioSession
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


async def test_what_was_imported_is_exported_again(edx: Edx, session: StudioSession) -> None:
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


async def test_a_session_that_has_ended_is_begun_anew(edx: Edx, session: StudioSession) -> None:
    edx.jobs.archives[str(RUN)] = b"an archive"
    await session.begin_export(RUN)
    edx.world.sessions.clear()
    assert await session.export_of(RUN) == Told(ImportState.SUCCEEDED)
    assert edx.faults.requests["POST", "/api/user/v2/account/login_session/"] == 2


async def test_an_export_that_fails_has_studios_words(session: StudioSession) -> None:
    await session.begin_export(RUN)
    assert await session.export_of(RUN) == Told(ImportState.FAILED, "raw_error_msg: The course has no content.")
    assert words_of("") == words_of(None) == ""


async def test_what_the_user_may_not_see_is_refused(edx: Edx, session: StudioSession) -> None:
    with pytest.raises(NotFound):
        await session.export_of(OTHER)
    edx.world.users["worker"].staff = False
    try:
        with pytest.raises(Rejected):
            await session.export_of(RUN)
    finally:
        edx.world.users["worker"].staff = True


async def test_a_wrong_password_is_refused_and_not_shown(edx: Edx) -> None:
    async with (
        OpenEdxHttp(edx.lms, settings=PATIENCE, keeps_cookies=True) as lms,
        OpenEdxHttp(edx.studio, settings=PATIENCE, keeps_cookies=True) as studio,
    ):
        session = StudioSession(lms, studio, "worker", "hunter2")
        with pytest.raises(Rejected) as caught:
            await session.export_of(RUN)
        assert caught.value.status == 400
        assert "hunter2" not in f"{caught.value} {session!r}"


async def test_cookies_go_to_the_lms_and_studio_only(edx: Edx, session: StudioSession) -> None:
    edx.faults.set([Fault(Kind.PAGE, path="/export_status/")])
    with pytest.raises(UnexpectedAnswer):
        await session.export_of(RUN)
    with pytest.raises(UnexpectedAnswer):  # another LMS than the one that Studio signs people in with
        async with (
            OpenEdxHttp(edx.studio, settings=PATIENCE, keeps_cookies=True) as studio,
            OpenEdxHttp(edx.lms.replace("127.0.0.1", "localhost"), settings=PATIENCE, keeps_cookies=True) as lms,
        ):
            await StudioSession(lms, studio, "worker", SECRET).export_of(RUN)
