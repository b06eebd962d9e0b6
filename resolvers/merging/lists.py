"""The lists of protected settings that runs have."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Snapshot, inserting
from db.store import Store
from db.store.store import INTEGERS, keys
from db.tables import ContentProtection, now
from db.types import any_of
from resolvers.merging.protection import Protection, Rule, rules_of

LISTS = select(ContentProtection.course_run_id, ContentProtection.settings).where(
    any_of(ContentProtection.course_run_id, keys(INTEGERS))
)


async def protections(store: Store, runs: Sequence[int], snapshot: Snapshot | None = None) -> dict[int, Protection]:
    """What is protected in each of some runs."""
    rows = dict(map(tuple, await store.fetch(LISTS, set(runs), snapshot)))
    return {run: Protection(rules_of(orjson.loads(rows[run]))) if run in rows else Protection() for run in runs}


async def protect_settings(session: AsyncSession, run_id: int, rules: Sequence[Rule] | None, username: str) -> None:
    """Another list for a run; None for the usual one."""
    if rules is None:
        await session.execute(delete(ContentProtection).where(ContentProtection.course_run_id == run_id))
        return
    values = {"settings": orjson.dumps([_stored(rule) for rule in rules]).decode(), "username": username, "at": now()}
    insert = inserting(session, ContentProtection)
    changed = insert.on_conflict_do_update(index_elements=["course_run_id"], set_=values)
    await session.execute(changed, [{"course_run_id": run_id, **values}])


def _stored(rule: Rule) -> Mapping[str, str]:
    return {name: value for name, value in rule._asdict().items() if value}
