"""Workers that are killed at every step of a run, on both engines: the run is finished, and made once."""

import asyncio
import sys
from pathlib import Path

from sqlalchemy import URL

from db.engine import Database
from db.tables import JobState, RerunState
from tests.resolvers.reruns.conftest import TARGET, Edx
from tests.resolvers.reruns.planned import plan, request, state_of

ROOT = Path(__file__).parents[3]
DEATHS = [
    "after:studio_run",
    "before:studio_clone",  # remembered, and not sent: looked for, and after a while sent
    "after:studio_clone",  # done, and not known
    "after:studio_run",
    "after:studio_change",
    "after:add_mode",  # one of the two
    "after:add_mode",
    "after:course_modes",  # nothing is left to be done but to say so
]


async def test_a_run_survives_the_death_of_its_worker_at_every_step(
    database: Database, database_url: URL, edx: Edx
) -> None:
    [run] = await plan(database)
    await request(database, [run])
    addresses = [database_url.render_as_string(hide_password=False), edx.lms, edx.studio]
    command = [sys.executable, "-m", "tests.resolvers.reruns.dying", *addresses, *DEATHS]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]

    rerun, job, log = await state_of(database, run)
    assert (rerun.state, job.state) == (RerunState.READY, JobState.SUCCEEDED)
    assert rerun.attempts >= len(DEATHS) + 1
    assert edx.jobs.clones == edx.jobs.copies == {str(TARGET): 1}
    assert sorted(edx.run().modes) == ["audit", "verified"]
    assert {line.step for line in log} == {"look", "configure", "add_modes"}, "who cloned did not live to tell"
