"""Questions about single names that become few calls."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from resolvers.learners.gathering import Gatherer


class Source:
    """Counts the batches that are loaded, each once the gate is open."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()

    async def load(self, names: Sequence[str]) -> Mapping[str, Exception]:
        self.batches.append(list(names))
        await self.gate.wait()
        if "broken" in names:
            raise RuntimeError("a fault")
        return {name: LookupError(name) for name in names if name == "nobody"}


async def test_each_learns_what_became_of_its_name() -> None:
    source = Source()
    source.gate.set()
    gatherer = Gatherer(source.load)
    known, unknown = gatherer.ask("ada"), gatherer.ask("nobody")

    await known
    with pytest.raises(LookupError):
        await unknown
    assert source.batches == [["ada", "nobody"]]


async def test_a_load_that_breaks_is_told_to_all_who_asked() -> None:
    source = Source()
    source.gate.set()
    gatherer = Gatherer(source.load)
    asked = [gatherer.ask(name) for name in ("ada", "broken")]

    for future in asked:
        with pytest.raises(RuntimeError, match="a fault"):
            await future


async def test_who_gives_up_leaves_the_others_their_answer() -> None:
    source = Source()
    gatherer = Gatherer(source.load)
    given_up, other = gatherer.ask("ada"), gatherer.ask("bob")
    given_up.cancel()
    source.gate.set()

    await other
    assert given_up.cancelled()


async def test_a_name_is_quiet_once_it_is_loaded() -> None:
    source = Source()
    gatherer = Gatherer(source.load)
    asked = gatherer.ask("ada")
    waiting = asyncio.create_task(gatherer.quiet(["ada", "bob"]))
    await asyncio.sleep(0)
    assert not waiting.done()

    source.gate.set()
    await waiting
    assert asked.done()
    await gatherer.quiet(["ada"])
