"""Levels whose values and records come from loaders, not from a statement of the plan."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from db.engine import Row
from resolvers.errors import BadUserInput, Forbidden
from resolvers.plan.faults import Fault
from resolvers.plan.levels import SEVERAL, Grouped, Level, Objects, Run, Times


@dataclass
class Values(Level):
    """Values by key from something that is not a table; keys left out get null, or an empty list.

    An exception in the place of a value is that field's error, and one that `load` raises is the error of all.
    """

    load: Callable[[Run, Sequence[Any]], Awaitable[Mapping[Any, Any]]]
    show: Callable[[Any], Any]
    is_list: bool

    @property
    @override
    def statements(self) -> int:
        return SEVERAL

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """The value of each key."""
        loaded = await _loaded(self.load, run, keys)
        if isinstance(loaded, Fault):
            return Grouped(loaded)
        given = Grouped([] if self.is_list else None)
        for key, value in loaded.items():
            try:
                given[key] = value if isinstance(value, Fault) else self.show(value)
            except Exception as error:  # noqa: BLE001 -- as in a builder
                run.is_faulty = True
                given[key] = Fault(error)
        return given


@dataclass
class Records(Level):
    """Objects by key from something that is not a table: one record or a list of them for each key, as in `Values`."""

    load: Callable[[Run, Sequence[Any]], Awaitable[Mapping[Any, Any]]]
    row: Callable[[Any], Row]
    objects: Objects
    is_list: bool

    @property
    @override
    def statements(self) -> int:
        return SEVERAL

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """The object or the list of objects of each key."""
        loaded = await _loaded(self.load, run, keys)
        if isinstance(loaded, Fault):
            return Grouped(loaded)
        given = Grouped([] if self.is_list else None)
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
        return given


async def _loaded(
    load: Callable[[Run, Sequence[Any]], Awaitable[Mapping[Any, Any]]], run: Run, keys: Sequence[Any]
) -> Mapping[Any, Any] | Fault:
    """What a source gives, its exceptions as faults."""
    try:
        given = await load(run, keys)
    except (BadUserInput, Forbidden):
        raise
    except Exception as error:  # noqa: BLE001 -- whatever the source raises is the field's error in every parent
        run.is_faulty = True
        return Fault(error)
    faults = {key: Fault(value) for key, value in given.items() if isinstance(value, Exception)}
    run.is_faulty = run.is_faulty or bool(faults)
    return {**given, **faults} if faults else given
