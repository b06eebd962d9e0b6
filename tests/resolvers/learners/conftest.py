"""Learners of a simulated LMS who are enrolled in runs of the small catalog."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from db.engine import Database
from db.tables import ProgramCourseRunMode, ProgramRequirement, RequirementKind
from edx.budget import CallBudget
from edx.http import OpenEdxHttp
from edx.learners import COUNTED, LearnerRecords
from edx.patience import HttpSettings
from edx.simulator import Fault, Faults, Kind, Options, World, running
from edx.simulator.tokens import issue_jwt
from edx.simulator.world import Application, Certificate, CourseRun, Key, User
from edx.tokens import Tokens
from resolvers.access import Role, Viewer
from resolvers.learners import Learners, MirrorRules
from tests.asking import Asking
from tests.catalog import fill

ONE, MANY, CERTIFICATES = "enrollment", "enrollments", "certificates"
PATHS = {
    "/api/enrollment/v1/enrollment": ONE,
    "/api/enrollment/v1/enrollments/": MANY,
    "/api/certificates/v0/certificates/{name:name}/": CERTIFICATES,
}
RUN, OTHER_RUN = "course-v1:Org0X+C0.0x+R0", "course-v1:Org0X+C0.0x+R1"
"""The runs that count for all programs of the small catalog, of which 1 and 5 are active."""

ELSEWHERE = "course-v1:Org2X+C0.0x+R0"
"""A run that is in no program."""

MOMENT = datetime(2026, 2, 1, tzinfo=UTC)


@dataclass
class Campus:
    """The LMS with its learners, our copies of them, and whoever asks for them. Its clock is moved by hand."""

    database: Database
    world: World
    options: Options
    faults: Faults
    learners: Learners
    asking: Asking
    clock: list[datetime] = field(default_factory=list)

    def enroll(self, username: str, run: str = RUN, *, mode: str = "audit", active: bool = True) -> None:
        """Enroll a user of the LMS, who is made where there is none."""
        if username not in self.world.users:
            self.world.add_user(User(username, f"{username}@example.org"))
        self.world.enroll(username, run, MOMENT, mode=mode, active=active)

    def certify(self, username: str, run: str = RUN, *, mode: str = "verified", passing: bool = True) -> None:
        status = "downloadable" if passing else "notpassing"
        certificate = Certificate(username, run, mode, MOMENT, MOMENT, "0" * 32, "0.9", status, "/certificates/1")
        self.world.certify(certificate)

    def viewer(self, username: str, *roles: Role, has_token: bool = False) -> Viewer:
        """A signed-in user, with a token that the LMS takes or without."""
        held = frozenset({Role.LEARNER, *roles})
        if not has_token:
            return Viewer(username, held)
        token = issue_jwt(self.world, self.options, Application("own", "", username), ["read", "profile"])
        return Viewer(username, held, authorization=f"JWT {token}")

    def calls(self) -> dict[str, int]:
        """The calls that the LMS counted since it was last asked this, but for those for tokens."""
        counted = {PATHS[path]: count for (_, path), count in self.faults.requests.items() if path in PATHS}
        self.faults.requests.clear()
        return counted

    def breaks(self, *faults: Fault) -> None:
        """Have the lists of learners answered in this way from now on."""
        self.faults.set([replace(fault, path=path) for fault in faults for path in ("/api/enrollment", "/api/cert")])

    def passes(self, **time: float) -> None:
        """Let time pass for the copies."""
        self.clock[0] += timedelta(**time)

    async def names(self, viewer: Viewer, username: str | None = None) -> list[str]:
        """The programs that a learner is associated with, as `programs(filter: {username})` lists them."""
        query = "query ($name: String) { programs(filter: {username: $name}) { nodes { name } } }"
        data = await self.asking.data(query, {"name": username or viewer.username}, viewer=viewer)
        return [node["name"] for node in data["programs"]["nodes"]]

    async def data(self, query: str, viewer: Viewer, **variables: Any) -> dict[str, Any]:
        return await self.asking.data(query, variables, viewer=viewer)


def small_world() -> World:
    """Our application's user, who is staff, and the runs of the small catalog."""
    world = World()
    world.add_user(User("worker", "worker@example.org", staff=True))
    world.add_application(Application("collegium", "collegium-development", "worker"))
    for key in (RUN, OTHER_RUN, ELSEWHERE):
        parsed = Key.parse(key)
        assert parsed is not None
        world.add_run(CourseRun(parsed, "A run"))
    return world


@pytest.fixture
async def campus(database: Database) -> AsyncIterator[Campus]:
    await fill(database)
    world, options, faults, clock = small_world(), Options(), Faults(), [datetime.now(UTC)]
    async with running(world, options, faults=faults) as addresses:
        patience = HttpSettings(read=1.5, attempts=1, budget=1)
        tokens = Tokens(addresses.lms, "collegium", "collegium-development", settings=patience)
        budget = CallBudget(120, operations=COUNTED, patience=0.2)
        settings = replace(patience, admit=budget.admit)
        async with OpenEdxHttp(addresses.lms, authority=tokens, settings=settings) as http:
            learners = Learners(database, LearnerRecords(http), MirrorRules(patience=5), clock=lambda: clock[0])
            asking = Asking(database, learners=learners)
            yield Campus(database, world, options, faults, learners, asking, clock)
            await learners.aclose()
        await tokens.aclose()


@pytest.fixture
async def small(campus: Campus) -> Campus:
    """The campus, whose program 1 requires the course of its two runs and nothing else, in mode verified."""
    async with campus.database.writing() as session:
        await session.execute(delete(ProgramCourseRunMode).where(ProgramCourseRunMode.mode_slug == "audit"))
        leaves = select(ProgramRequirement.id).where(
            ProgramRequirement.program_id == 2, ProgramRequirement.kind == RequirementKind.COURSE
        )
        ids = sorted(await session.scalars(leaves))
        kept = await session.scalar(
            select(ProgramRequirement.id).where(ProgramRequirement.program_id == 2, ProgramRequirement.sequence == 1)
        )
        await session.execute(delete(ProgramRequirement).where(ProgramRequirement.id.in_(set(ids) - {kept})))
        await session.execute(
            delete(ProgramRequirement).where(ProgramRequirement.program_id == 2, ProgramRequirement.sequence == 4)
        )
    return campus


DOWN = [
    Fault(Kind.ERROR, status=503),
    Fault(Kind.ERROR, status=500),
    Fault(Kind.CUT),
    Fault(Kind.NEVER),
    Fault(Kind.THROTTLE, retry_after=60),
    Fault(Kind.THROTTLE),
    Fault(Kind.PAGE),
    Fault(Kind.TRUNCATED),
    Fault(Kind.WRONG_TYPE),
]
"""All that the LMS may do instead of answering."""
