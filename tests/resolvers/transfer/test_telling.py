"""How work that goes on elsewhere tells how far it is, and how it is ended (J1, J6 of the notes on OLX)."""

import asyncio
import threading

import pytest

from resolvers.jobs import JobContext, JobFailed, Runner
from resolvers.transfer import telling
from resolvers.transfer.telling import Stopped, Told
from tests.edx.olx.twins import COURSE
from tests.resolvers.jobs.sample import FAST
from tests.resolvers.transfer.conftest import Desk


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_thread_that_may_not_go_on_ends_at_its_next_word(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PERIOD", 0.01)
    uuid = await desk.ask(COURSE)
    held = await Runner(desk.database, desk.handlers, FAST).take(uuid=uuid)
    assert held is not None

    async def renew() -> float:
        raise JobFailed("LOCK_EXPIRED", "the lock has ended")

    told, goes_on, ended = Told("FIRST", renew), threading.Event(), threading.Event()

    def work() -> None:
        goes_on.wait(60)
        with pytest.raises(Stopped):
            told.step("SECOND", 1)
        with pytest.raises(Stopped):
            told.at("a file")
        ended.set()

    with pytest.raises(JobFailed, match="the lock has ended"):
        await told.follow(JobContext(desk.database, held, 60.0), asyncio.to_thread(work))
    goes_on.set()
    assert await asyncio.to_thread(ended.wait, 60)
    assert [str(step) for step in told.steps] == ["FIRST, 0 done"]
