"""What became of each thing that was told to the catalog, and the report that adds it up."""

from collections import Counter
from collections.abc import Iterable
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

    `counts` are of the things themselves (`kind`, such as "course runs"); `new_organizations` and `new_courses` are
    the keys of what had to be made for them. `failure` says why it ended early; what was done before stays done.
    """

    kind: str
    is_dry_run: bool = False
    counts: Counter[Outcome] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    failure: str | None = None
    _organizations: dict[str, str] = field(default_factory=dict)
    _courses: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count one thing that was not skipped."""
        self.counts[outcome] += 1

    def skip(self, key: str, reason: str) -> None:
        """Count one thing that was left out, and say why."""
        self.counts[Outcome.SKIPPED] += 1
        self.skipped.append(Skipped(key, reason))

    def made(self, organizations: Iterable[str], courses: Iterable[str]) -> None:
        """Name what had to be made; a dry run finds the same thing missing again and again, in whatever case."""
        for known, keys in ((self._organizations, organizations), (self._courses, courses)):
            for key in keys:
                known.setdefault(key.casefold(), key)

    @property
    def new_organizations(self) -> list[str]:
        """The keys of the organizations that had to be made, sorted."""
        return sorted(self._organizations.values())

    @property
    def new_courses(self) -> list[str]:
        """The readable ids of the courses that had to be made, sorted."""
        return sorted(self._courses.values())

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
            "newOrganizations": self.new_organizations,
            "newCourses": self.new_courses,
            "skippedItems": self.skipped,
            "failure": self.failure,
        }
        return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
