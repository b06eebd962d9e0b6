"""Counting reads: each batch source of content counts, per run, what it was asked for."""

import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, TypeAlias

from resolvers.plan.sources import Batch
from resolvers.usage.operations import OK, outcome_of
from resolvers.usage.recorder import Done, usage_of

Source: TypeAlias = Callable[[Batch], Awaitable[Mapping[Any, Any]]]
Touched: TypeAlias = Callable[[Any, Any], tuple[int, str]]
"""The run that an answer is about, by what was asked and what was found, and the type of the block, if it is one."""


def counted(name: str, touched: Touched) -> Callable[[Source], Source]:
    """Count what a batch source answers as one operation for each run, which took as long as the whole batch."""

    def wrap(load: Source) -> Source:
        @functools.wraps(load)
        async def loaded(batch: Batch) -> Mapping[Any, Any]:
            began = perf_counter()
            found = await load(batch)
            _note(batch, name, touched, found, perf_counter() - began)
            return found

        return loaded

    return wrap


def _note(batch: Batch, name: str, touched: Touched, found: Mapping[Any, Any], seconds: float) -> None:
    types: dict[int, Counter[str]] = {}
    outcomes: dict[int, str] = {}
    for asked, answer in found.items():
        run, kind = touched(asked, answer)
        types.setdefault(run, Counter()).update([kind] if kind else ())
        if isinstance(answer, Exception):
            outcomes[run] = outcome_of(answer)
    viewer, usage = batch.context.viewer, usage_of(batch.context.database)
    application = (viewer.application or "").partition(":")[0]
    for run, counts in types.items():
        usage.note(Done(name, viewer.username or "", application, run, outcomes.get(run, OK), seconds, counts))
