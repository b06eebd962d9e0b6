"""Levels whose values and records come from loaders, not from a statement of the plan."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from db.engine import Row
from resolvers.errors import BadUserInput, Forbidden
from resolvers.plan.faults import Fault
from resolvers.plan.levels import SEVERAL, Grouped, Level, Objects, Run, Times


@dataclass
class Loaded(Level):
    """What is loaded by key from something that is not a table; keys left out get null, or an empty list.

    An exception in the place of a value is that field's error, and one that `load` raises is the error of all.
    """

    load: Callable[[Run, Sequence[Any]], Awaitable[Mapping[Any, Any]]]
    is_list: bool

    @property
    @override
    def statements(self) -> int:
        return SEVERAL

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """What there is for each key."""
        loaded = await self._loaded(run, keys)
        if isinstance(loaded, Fault):
            return Grouped(loaded)
        given = Grouped([] if self.is_list else None)
        await self._fill(given, loaded, run, times)
        return given

    @abstractmethod
    async def _fill(self, given: Grouped, loaded: Mapping[Any, Any], run: Run, times: Times) -> None:
        """Make of what was loaded, some of which may be faults, what answers have."""

    async def _loaded(self, run: Run, keys: Sequence[Any]) -> Mapping[Any, Any] | Fault:
        """What the source gives, its exceptions as faults."""
        try:
            given = await self.load(run, keys)
        except (BadUserInput, Forbidden):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever the source raises is the field's error in every parent
            run.is_faulty = True
            return Fault(error)
        faults = {key: Fault(value) for key, value in given.items() if isinstance(value, Exception)}
        run.is_faulty = run.is_faulty or bool(faults)
        return {**given, **faults} if faults else given


@dataclass
class Values(Loaded):
    """Values, each shown as the field's type has it."""

    show: Callable[[Any], Any]

    @override
    async def _fill(self, given: Grouped, loaded: Mapping[Any, Any], run: Run, times: Times) -> None:
        for key, value in loaded.items():
            try:
                given[key] = value if isinstance(value, Fault) else self.show(value)
            except Exception as error:  # noqa: BLE001 -- as in a builder
                run.is_faulty = True
                given[key] = Fault(error)


@dataclass
class Records(Loaded):
    """Objects: one record or a list of them for each key."""

    row: Callable[[Any], Row]
    objects: Objects

    @override
    async def _fill(self, given: Grouped, loaded: Mapping[Any, Any], run: Run, times: Times) -> None:
        owners: list[Any] = []
        rows: list[Row] = []
        for key, value in loaded.items():
            if isinstance(value, Fault):
                given[key] = value
                continue
            records = value if self.is_list else [] if value is None else [value]
            owners.extend(key for _ in records)
            rows.extend(self.row(record) for record in records)
        placed = None if times is None else [times[owner] for owner in owners]
        for key, made in zip(owners, await self.objects.make(run, rows, placed), strict=True):
            if self.is_list:
                given.setdefault(key, []).append(made)
            else:
                given[key] = made
