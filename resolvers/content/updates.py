"""What authors say of updates from the source: which settings of a run they leave as they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from edx.olx.canonical import is_name
from resolvers.audit import record
from resolvers.content.readers import for_staff
from resolvers.content.reading import ContentRecord
from resolvers.editing.requests import Asked
from resolvers.editing.values import fault_of_name
from resolvers.merging.lists import protect_settings, protections
from resolvers.merging.protection import Rule
from resolvers.plan.sources import Batch
from resolvers.refusals import Problem, Reason, refuse_if

MOST_RULES = 500


@for_staff
async def load_protected(batch: Batch) -> Mapping[ContentRecord, Sequence[Rule]]:
    """The protected settings of the run of each version: a batch source."""
    courses, snapshot = batch.context.courses, batch.context.snapshot
    runs = {record: record.loaded.head.run_id for record in batch.keys}
    found = await protections(courses.store, list(set(runs.values())), snapshot)
    return {record: found[run].rules for record, run in runs.items()}


async def set_protected(asked: Asked, session: AsyncSession, rules: Sequence[Rule] | None) -> str:
    """Protect other settings of a run, None for the usual ones; the run's key. Raises Refusal, and as `Asked.run`."""
    run, key = await asked.named(session)
    refuse_if([*_faults(rules or ())])
    ordered = None if rules is None else tuple(sorted(set(rules)))
    await protect_settings(session, run, ordered, asked.author.username)
    told: Any = None if ordered is None else [" ".join(filter(None, rule)) for rule in ordered]
    record(session, asked.viewer, "protect settings", f"CourseRun:{key}", {"protectedSettings": (None, told)})
    return key


def _faults(rules: Sequence[Rule]) -> list[Problem]:
    if len(rules) > MOST_RULES:
        return [Problem(Reason.INVALID, f"at most {MOST_RULES} settings can be protected", ("settings",))]
    found = []
    for number, rule in enumerate(rules):
        kind, _, name = rule.block.partition("/")
        faults = {
            "name": fault_of_name(rule.name),
            "type": "" if not rule.type or is_name(rule.type) else f"{rule.type!r} is no type of blocks",
            "block": "" if not rule.block or (is_name(kind) and name) else f"{rule.block!r} is not type and name",
        }
        if rule.type and rule.block:
            faults["type"] = "either a type or a block can be given"
        found += [
            Problem(Reason.INVALID, fault, ("settings", str(number), place)) for place, fault in faults.items() if fault
        ]
    return found
