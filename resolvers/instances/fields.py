"""What instances have of the content of a version's run: a batch source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, select

from db.tables import InstanceContent, PushState
from db.types import any_of, instant, micros
from resolvers.content.readers import for_staff
from resolvers.content.reading import ContentRecord
from resolvers.instances.drift import Drift, drift_of, has_drifted
from resolvers.instances.rows import remote_version
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for

of = InstanceContent
TEXTS = (
    of.state, of.words, of.pushed_version, of.pushed_digest, of.pushed_by, of.baseline, of.pulled_version,
    of.pulled_digest, of.pulled_by,
)  # fmt: skip
MOMENTS = (of.pushed_at, of.pulled_at)
ROWS = select(of.course_run_id, of.instance, *TEXTS, *map(micros, MOMENTS)).where(
    any_of(of.course_run_id, keys_parameter(BigInteger()))
)


@dataclass(frozen=True)
class Hosted:
    """A version's run on an instance, as far as it is known; null where it was never pushed there nor pulled."""

    name: str
    state: PushState | None
    words: str | None
    pushed_version: str | None
    pushed_at: datetime | None
    pushed_by: str | None
    pulled_version: str | None
    pulled_at: datetime | None
    remote_version: str | None
    is_behind: bool | None
    drift: Drift
    has_drifted: bool | None

    @classmethod
    def of(cls, row: InstanceContent, version: str) -> "Hosted":
        """What a row tells to those who read a version."""
        remote, drift = remote_version(row), drift_of(row)
        return cls(
            row.instance, row.state, row.words, row.pushed_version, row.pushed_at, row.pushed_by, row.pulled_version,
            row.pulled_at, remote, None if remote is None else remote != version, drift, has_drifted(drift),
        )  # fmt: skip


@for_staff
async def load_instances(batch: Batch) -> Mapping[ContentRecord, Any]:
    """The run of each version on each instance, in the order of the settings: a batch source, of one statement."""
    context = batch.context
    runs = list({record.loaded.head.run_id for record in batch.keys})
    rows = await rows_for(context.snapshot, context.database.dialect, ROWS, runs) if context.instances else []
    known = {(row[0], row[1]): _row(*row) for row in rows}

    def hosted(record: ContentRecord, name: str) -> Hosted:
        run = record.loaded.head.run_id
        row = known.get((run, name)) or InstanceContent(course_run_id=run, instance=name)
        return Hosted.of(row, record.version)

    return {record: [hosted(record, each.name) for each in context.instances] for record in batch.keys}


def _row(run_id: int, instance: str, *values: Any) -> InstanceContent:
    """A row as a raw read gives it."""
    given = dict(zip((each.key for each in (*TEXTS, *MOMENTS)), values, strict=True))
    for moment in (each.key for each in MOMENTS):
        given[moment] = None if given[moment] is None else instant(given[moment])
    given["state"] = given["state"] and PushState(given["state"])
    return InstanceContent(course_run_id=run_id, instance=instance, **given)
