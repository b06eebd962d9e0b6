"""The history of programs as it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import String, select

from db.tables import ClientApplication
from db.types import any_of
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for


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


async def load_applications(batch: Batch) -> Mapping[str, str]:
    """The names of the applications that entries have by client id, others as they are: a batch source."""
    query = select(ClientApplication.client_id, ClientApplication.name).where(
        any_of(ClientApplication.client_id, keys_parameter(String()))
    )
    keys = [key for key in batch.keys if key is not None]
    context = batch.context
    names = dict(tuple(row) for row in await rows_for(context.snapshot, context.database.dialect, query, keys))
    return {key: names.get(key, key) for key in keys}


def _text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
