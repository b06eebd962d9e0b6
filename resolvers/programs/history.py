"""The history of programs as it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from resolvers.plan.sources import Batch


@dataclass(frozen=True)
class FieldChange:
    """What a field was and became, as JSON text; None for nothing."""

    field: str
    before: str | None
    after: str | None


async def load_changes(batch: Batch) -> Mapping[str, list[FieldChange]]:
    """The changes in the column of audit entries that holds them: a batch source."""
    return {
        key: [FieldChange(each["field"], _text(each["before"]), _text(each["after"])) for each in orjson.loads(key)]
        for key in batch.keys
    }


def _text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
