"""Libraries that are watched: what is said, and how often."""

import asyncio
import signal
from collections.abc import Sequence

import pytest

from db.errors import DatabaseUnavailable
from resolvers.directories.changes import Fate, LibraryPlan, SitePlan
from server.directories import watching


def plan(fate: Fate) -> LibraryPlan:
    return LibraryPlan(root="/library", is_dry_run=False, found=True, sites=(SitePlan(name="site", fate=fate),))


async def test_changes_are_shown_and_each_problem_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSE", 0)
    gone, held = DatabaseUnavailable("it is gone"), [plan(Fate.HELD)]
    to_come: list[DatabaseUnavailable | list[LibraryPlan]] = [
        gone,
        gone,
        [plan(Fate.CREATED)],
        [plan(Fate.UNCHANGED)],
        held,
        held,
        gone,
    ]
    shown: list[Fate] = []
    warned: list[str] = []

    async def synchronize() -> Sequence[LibraryPlan]:
        await asyncio.sleep(0)
        found = to_come.pop(0)
        if not to_come:
            signal.raise_signal(signal.SIGTERM)
        if isinstance(found, DatabaseUnavailable):
            raise found
        return found

    await watching.watch(synchronize, lambda plans: shown.append(plans[0].sites[0].fate), warned.append)

    assert shown == [Fate.CREATED, Fate.HELD]
    assert warned == ["it is gone", "it is gone"]
