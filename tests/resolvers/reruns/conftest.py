"""A simulated Open edX with a source run, and what makes runs in it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from edx.breaker import Breaker
from edx.http import OpenEdxHttp
from edx.keys import CourseKey
from edx.lms import Lms, Pacing
from edx.patience import HttpSettings
from edx.simulator import UNTHROTTLED, Faults, Jobs, Options, World, running
from edx.simulator.world import Application, CourseRun, Key, User
from edx.studio import Studio
from edx.tokens import Tokens
from resolvers.reruns import Platform, Rules, Wanted

OPEN_END = datetime(2100, 1, 1, tzinfo=UTC)
SOURCE = CourseKey.parse("course-v1:UAI_SOURCE+12.345x+SOURCE")
TARGET = CourseKey.parse("course-v1:UAI_MIT+12.345x+C102_2026")
WANTED = Wanted(
    TARGET,
    SOURCE,
    "Art & Craft",
    Pacing.SELF,
    start=datetime(2026, 12, 1, tzinfo=UTC),
    end=datetime(2027, 11, 30, 23, 59, 59, tzinfo=UTC),
    enrollment_start=datetime(2026, 12, 1, tzinfo=UTC),
)
QUICK = Rules(settles=0.05, lingers=0.3, appears=5, backoff=0.01, longest=0.05, gives_up=60)
"""The usual rules, but for their times."""

CREDENTIALS = "collegium", "plainly-a-test-secret"


@dataclass
class Edx:
    """A simulated Open edX: its data, its faults, and how often what was cloned there."""

    world: World
    faults: Faults = field(default_factory=Faults)
    jobs: Jobs = field(default_factory=Jobs)
    lms: str = ""
    studio: str = ""

    def run(self, key: CourseKey = TARGET) -> CourseRun:
        return self.world.runs[str(key)]


def a_world() -> World:
    world = World()
    world.add_user(User(username="worker", email="worker@example.org", staff=True, superuser=True))
    client_id, secret = CREDENTIALS
    world.add_application(Application(client_id=client_id, client_secret=secret, username="worker"))
    world.add_run(
        CourseRun(
            key=Key(SOURCE.org, SOURCE.course, SOURCE.run),
            title="Source",
            start=datetime(2020, 1, 1, tzinfo=UTC),
            end=datetime(2021, 1, 1, tzinfo=UTC),
        )
    )
    return world


@pytest.fixture(scope="session")
async def served_edx() -> AsyncIterator[Edx]:
    edx = Edx(a_world())
    async with running(edx.world, Options(rates=UNTHROTTLED), faults=edx.faults, jobs=edx.jobs) as addresses:
        edx.lms, edx.studio = addresses.lms, addresses.studio
        yield edx


@pytest.fixture
def edx(served_edx: Edx) -> Edx:
    """An Open edX in which nothing has happened."""
    vars(served_edx.world).update(vars(a_world()))
    served_edx.faults.set([])
    served_edx.faults.requests.clear()
    served_edx.jobs.clear()
    served_edx.jobs.unseen = 0
    return served_edx


async def until(is_so: Callable[[], object]) -> None:
    """Return once something is so."""
    async with asyncio.timeout(30):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


PATIENCE = HttpSettings(read=1, whole=1, attempts=1, backoff=0.01)


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("Studio", failures=5, rest=0.2)


@pytest.fixture
def clone_seconds() -> float:
    """How long a clone is waited for; tests of clones that are not answered in time give less."""
    return 10


@pytest.fixture
async def platform(edx: Edx, breaker: Breaker, clone_seconds: float) -> AsyncIterator[Platform]:
    """Impatient clients, which heed the circuit to Studio."""
    client_id, secret = CREDENTIALS
    guarded = replace(PATIENCE, admit=breaker.admit, on_try=breaker.note)
    async with (
        Tokens(edx.lms, client_id, secret, settings=PATIENCE) as tokens,
        OpenEdxHttp(edx.studio, authority=tokens, settings=guarded) as studio,
        OpenEdxHttp(edx.lms, authority=tokens, settings=PATIENCE) as lms,
    ):
        yield Platform(Studio(studio, clone_seconds=clone_seconds), Lms(lms), OPEN_END)
