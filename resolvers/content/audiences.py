"""What others see, for those who see all: who would see a block, or an outline, at a time, and how blocks stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.tables import now
from edx.olx import Key
from resolvers.content import visibility
from resolvers.content.outline import Entry, Outline
from resolvers.content.readers import for_staff
from resolvers.content.reading import BlockRecord, ContentRecord
from resolvers.content.viewing import View, view
from resolvers.content.visibility import Access, Audience, Exposure, Role, State, access, along, is_outlined
from resolvers.plan.sources import Batch

MOST_WAYS = 100
"""Ways from the course to a block that are looked at."""


def audience(given: Mapping[str, Any]) -> Audience:
    """Whom arguments mean: by default learners in no group, now."""
    groups: dict[int, frozenset[int]] = {}
    for each in given.get("groups") or ():
        groups[each["partition"]] = groups.get(each["partition"], frozenset()) | frozenset(each["groups"])
    return Audience(Role(given.get("role", Role.LEARNER)), given.get("at") or now(), groups)


@dataclass(eq=False)
class VisibilityRecord:
    """Whether somebody sees a block, and what decides it."""

    content: ContentRecord
    exposure: Exposure
    audience: Audience

    @property
    def access(self) -> Access:
        """Whether they may have it, or what keeps them from it."""
        return access(self.exposure, self.audience)

    @property
    def is_listed(self) -> bool:
        """Whether they see in the outline that it is there."""
        return is_outlined(self.exposure, self.audience)

    @property
    def opens_at(self) -> datetime | None:
        """When it opens to them; None for never."""
        is_beta = self.audience.role is Role.BETA_TESTER
        start = self.exposure.beta_start if is_beta else self.exposure.start
        return None if start == visibility.NEVER else start

    @property
    def start_from(self) -> BlockRecord | None:
        """The block whose start that is."""
        return self._block(self.exposure.start_from)

    @property
    def due(self) -> datetime | None:
        """When it is due."""
        return self.exposure.due

    @property
    def due_from(self) -> BlockRecord | None:
        """The block whose due date that is."""
        return self._block(self.exposure.due_from)

    @property
    def closes_at(self) -> datetime | None:
        """When it closes to them again."""
        return self.exposure.hidden_after

    @property
    def staff_only_from(self) -> BlockRecord | None:
        """The block that is for staff alone, and so is all below it."""
        return self._block(self.exposure.staff_only_from)

    def _block(self, key: Key | None) -> BlockRecord | None:
        return None if key is None else self.content.block(key)


@for_staff
async def load_visibility(batch: Batch) -> Mapping[Any, Any]:
    """Whether somebody would see each block, in the place where it is most open to them: a batch source."""
    whom = audience(batch.arguments)
    return {record: VisibilityRecord(record.content, _openest(record, whom), whom) for record in batch.keys}


def _openest(record: BlockRecord, whom: Audience) -> Exposure:
    outline = record.content.content.outline
    ranks = list(Access)
    found = [along(lineage) for lineage in _lineages(outline, record.block.key)]
    return min(found, key=lambda exposed: ranks.index(access(exposed, whom)))


def _lineages(outline: Outline, key: Key) -> Iterator[tuple[Entry, ...]]:
    """The ways from the course to a block."""
    left: list[tuple[Entry, ...]] = [(outline.entries[key],)]
    count = 0
    while left and count < MOST_WAYS:
        way = left.pop()
        parents = outline.parents.get(way[0].key, ())
        if not parents:
            count += 1
            yield way
        left.extend((outline.entries[parent], *way) for parent in reversed(parents))


@for_staff
async def load_state(batch: Batch) -> Mapping[Any, Any]:
    """How each block stands for its authors, None below units: a batch source."""
    at = batch.arguments.get("at") or now()
    known: dict[ContentRecord, Mapping[Key, State]] = {}
    for record in batch.keys:
        if record.content not in known:
            course = record.content.loaded.course
            changed = [draft.block.key for draft in course.drafts]
            known[record.content] = visibility.states(record.content.content.outline, at, changed=changed)
    return {record: known[record.content].get(record.block.key) for record in batch.keys}


def seen_by(record: ContentRecord, whom: Audience) -> View | None:
    """What somebody would see of a version."""
    return view(record.content.outline, whom)


def outlined(blocks: Sequence[BlockRecord], found: View | None) -> list[BlockRecord]:
    """Those of an outline's blocks that a view has in its outline."""
    if found is None:
        return []
    return [each for each in blocks if each.block.key in found and each.block.key not in found.unlisted]
