"""Many runs at once on a bad day of Open edX: all end READY, none is made twice, and no more at a time than is set."""

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import select
from typing_extensions import override

from db.engine import Database
from db.tables import Rerun, RerunState
from edx.keys import CourseKey
from edx.simulator import Fault, Kind
from edx.studio import Studio
from resolvers.reruns import Platform
from tests.resolvers.reruns.conftest import QUICK, Edx
from tests.resolvers.reruns.planned import making, over, plan, request

LATENCY = 0.003
"""A hundredth of the 300 ms under which two hundred runs are made in `bench`."""

BAD_DAY = [
    Fault(Kind.DELAY, seconds=LATENCY),
    Fault(Kind.NEVER, path="/api/", share=0.01),
    Fault(Kind.DELAY, path="/api/v1/course_runs/clone/", share=0.02, seconds=0.4),
    Fault(Kind.ERROR, path="/api/", share=0.025, status=503),
    Fault(Kind.BROKEN, path="/api/", share=0.025, status=500),
]


class Watched(Studio):
    """Studio, and how many calls of it are under way."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio._http, clone_seconds=studio._clone_seconds)
        self.now = self.most = 0

    @override
    async def clone(self, source: CourseKey, destination: CourseKey) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await super().clone(source, destination)
        finally:
            self.now -= 1


@pytest.mark.parametrize("clone_seconds", [0.2])
@pytest.mark.parametrize(("dialect", "count"), [("sqlite", 60), ("postgresql", 15)])
async def test_runs_are_all_made_and_none_twice(database: Database, platform: Platform, edx: Edx, count: int) -> None:
    """5 % of the calls fail, half of them though what was asked for is done; 2 % are not answered in time."""
    edx.faults.set(BAD_DAY)
    studio = Watched(platform.studio)
    runs = await plan(database, count)
    rules = replace(QUICK, settles=0.02, lingers=0.6)
    async with making(database, replace(platform, studio=studio), rules, concurrency=8):
        await request(database, runs)
        await over(database, runs, seconds=110)

    async with database.writing() as session:
        states = Counter(await session.scalars(select(Rerun.state)))
    assert states == {RerunState.READY: count}
    assert edx.jobs.copies == Counter(run.key for run in runs)
    assert all(len(edx.world.runs[run.key].modes) == 2 for run in runs)
    assert {edx.world.runs[run.key].title for run in runs} == {"Art & Craft"}
    assert 1 < studio.most <= 8
