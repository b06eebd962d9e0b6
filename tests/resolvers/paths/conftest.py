"""A database with a course, and the courseware of a simulated LMS in which people learn it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path as File

import pytest

from db.engine import Database
from db.store import Author, Store, open_blobs
from edx.courseware import CoursewareRecords
from edx.http import OpenEdxHttp
from edx.learners import LearnerRecords
from edx.simulator.lms import lms_app
from resolvers.access import Role, Viewer
from resolvers.content.imports import Target, import_course
from resolvers.content.load import Courses
from resolvers.learners import Learners
from resolvers.paths.places import Places
from resolvers.paths.service import Paths
from resolvers.paths.whereabouts import LearnersPlaces
from tests.asking import Asking
from tests.catalog import course, organization
from tests.catalog import course_run as a_run
from tests.edx.courseware import courseware_situation
from tests.edx.olx.twins import Files, tarred
from tests.edx.simulator.replay import Situation, jwt_of
from tests.edx.simulator.situations import CS101, CS102
from tests.serving import serving

NOW = datetime(2026, 1, 15, tzinfo=UTC)
ADA = Author("ada", "tests")
OLX = b"""<course org="ExampleX" course="CS101" url_name="2025_T1" start="2025-01-06T00:00:00Z">
  <chapter url_name="one" display_name="Week 1">
    <sequential url_name="first" display_name="First">
      <vertical url_name="u0"><problem url_name="p">1</problem></vertical>
      <vertical url_name="u1" display_name="U1"/>
      <vertical url_name="u2" group_access="{&quot;50&quot;: [2]}"/>
      <vertical url_name="secret" visible_to_staff_only="true"/>
    </sequential>
    <sequential url_name="second"><vertical url_name="u3" display_name="U3"/></sequential>
  </chapter>
  <chapter url_name="two" start="2026-02-01T00:00:00Z">
    <sequential url_name="third"><vertical url_name="u4" display_name="U4"/></sequential>
  </chapter>
</course>
"""
COURSE: Files = {"course.xml": OLX}


@dataclass
class School:
    """A run with content, another without, and people who ask for paths; some of them the LMS knows."""

    database: Database
    store: Store
    paths: Paths
    asking: Asking
    situation: Situation
    run_id: int

    def learner(self, username: str = "alice", *, by_lms: bool = True) -> Viewer:
        token = f"JWT {jwt_of(self.situation, username)}" if by_lms else None
        return Viewer(username, frozenset({Role.LEARNER}), authorization=token)

    async def bring(self, olx: bytes) -> str:
        """Make this the content of the run; its version."""
        done = await import_course(self.store, tarred({"course.xml": olx}), Target(self.run_id, ADA))
        return done.version


async def school_in(database: Database, folder: File, lms: str | None, stack: AsyncExitStack) -> School:
    """A school; without the address of an LMS nobody is asked."""
    async with database.writing() as session:
        of = organization("ExampleX")
        runs = [a_run(course(of, key.split("+")[1], "Course"), key.split("+")[2], key=key) for key in (CS101, CS102)]
        session.add_all(runs)
        await session.flush()
        run_id = runs[0].id
    store = Store(database, open_blobs(folder / "blobs"))
    http = None if lms is None else await stack.enter_async_context(OpenEdxHttp(lms))
    learners = Learners(database, LearnerRecords(http) if http else None, clock=lambda: NOW)
    stack.push_async_callback(learners.aclose)
    paths = Paths(
        Places(Courses(store), database.dialect),
        learners.mirror,
        LearnersPlaces(CoursewareRecords(http), patience=5) if http else None,
        clock=lambda: NOW,
    )
    situation = courseware_situation()
    school = School(database, store, paths, Asking(database, learners=learners, paths=paths), situation, run_id)
    await school.bring(OLX)
    return school


@pytest.fixture
async def school(database: Database, tmp_path: File) -> AsyncIterator[School]:
    """Without an LMS."""
    async with AsyncExitStack() as stack:
        yield await school_in(database, tmp_path, None, stack)


@pytest.fixture
async def lms_school(database: Database, tmp_path: File) -> AsyncIterator[School]:
    """With an LMS."""
    situation = courseware_situation()
    async with AsyncExitStack() as stack:
        lms = await stack.enter_async_context(serving(lms_app(situation.world, situation.options)))
        school = await school_in(database, tmp_path, lms, stack)
        yield replace(school, situation=situation)
