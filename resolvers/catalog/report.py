"""What became of each thing that was told to the catalog, and the report that adds it up."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

import orjson


class Outcome(StrEnum):
    """What became of one thing."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A thing that was left out: its key as it came (it may be no key at all) and why."""

    key: str
    reason: str


@dataclass
class Report:
    """What a synchronization or a load did, or would do if it is a dry run.

    `counts` are of the things themselves (`kind`, such as "course runs"); `new_organizations` and `new_courses` name
    what had to be made for them. `failure` says why it ended early, in one line; what was done before stays done.
    """

    kind: str
    is_dry_run: bool = False
    counts: Counter[Outcome] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    new_organizations: set[str] = field(default_factory=set)
    new_courses: set[str] = field(default_factory=set)
    failure: str | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one thing that was not skipped."""
        self.counts[outcome] += 1

    def skip(self, key: str, reason: str) -> None:
        """Count one thing that was left out, and say why."""
        self.counts[Outcome.SKIPPED] += 1
        self.skipped.append(Skipped(key, reason))

    @property
    def total(self) -> int:
        """How many things there were."""
        return self.counts.total()

    def json(self) -> str:
        """The report as one JSON object, keys in this order."""
        content = {
            "kind": self.kind,
            "dryRun": self.is_dry_run,
            **{outcome.value: self.counts[outcome] for outcome in Outcome},
            "newOrganizations": sorted(self.new_organizations),
            "newCourses": sorted(self.new_courses),
            "skippedItems": self.skipped,
            "failure": self.failure,
        }
        return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
