"""A simulated Open edX with a run that content can be pushed to, and archives that its Studio imports."""

import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from edx.keys import CourseKey
from edx.simulator import UNTHROTTLED, Faults, Jobs, Options, World, running
from edx.simulator.world import Application, CourseRun, Key, User

RUN = CourseKey.parse("course-v1:Org0X+C0.0x+R0")
OTHER = CourseKey.parse("course-v1:Org0X+C0.0x+R1")
"""A run that Studio has not."""

SECRET = "plainly-a-test-secret"
CLIENT, WORKER = "collegium", "worker"


@dataclass
class Studios:
    """An Open edX: its data, its faults, and what was imported into it."""

    world: World = field(default_factory=World)
    faults: Faults = field(default_factory=Faults)
    jobs: Jobs = field(default_factory=Jobs)
    lms: str = ""
    studio: str = ""

    def fresh(self) -> Self:
        """The same, in which nothing has happened."""
        self.faults.set([])
        self.faults.requests.clear()
        self.jobs.clear()
        vars(self.world).update(vars(a_world()))
        return self


def a_world() -> World:
    world = World()
    world.add_user(User(WORKER, "worker@example.org", staff=True, password=SECRET))
    world.add_application(Application(CLIENT, SECRET, WORKER))
    world.add_run(CourseRun(Key(RUN.org, RUN.course, RUN.run), "Run"))
    return world


@asynccontextmanager
async def serving_studios() -> AsyncIterator[Studios]:
    edx = Studios(a_world())
    async with running(edx.world, Options(rates=UNTHROTTLED), faults=edx.faults, jobs=edx.jobs) as addresses:
        edx.lms, edx.studio = addresses.lms, addresses.studio
        yield edx


def archive(name: str = "course/course.xml") -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return packed
