"""Levels of the object of whoever asks: values that no table has, at the root, under the key None."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from db.engine import Row
from resolvers.plan.levels import SEVERAL, Level, Run, Times


@dataclass
class Fixed(Level):
    """A value that needs nothing, such as `__typename`."""

    value: Any

    @property
    @override
    def statements(self) -> int:
        return 0

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """The value."""
        return {None: self.value}


@dataclass
class Telling(Level):
    """A value that `load` makes of the operation's context, shown as the field's type has it."""

    load: Callable[[Any], Awaitable[Any]]
    show: Callable[[Any], Any]

    @property
    @override
    def statements(self) -> int:
        return SEVERAL

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """The value."""
        return {None: self.show(await self.load(run.context))}
