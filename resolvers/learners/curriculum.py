"""What a program requires of learners, as the rules of progress have it: its tree, and the runs that count."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from db.tables import RequirementKind

EQUIVALENT: Mapping[str, str] = {"credit": "verified", "no-id-professional": "professional"}
"""Modes that count as another one (rule C1)."""


@dataclass(frozen=True, slots=True, eq=False)
class RunMode:
    """A run of a program's course in a mode that counts. Times are None where there is no limit."""

    course_key: str
    mode: str
    sku: str = ""
    is_unavailable: bool = False
    is_invitation_only: bool = False
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    end: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether anybody could enroll in it now."""
        return (
            not (self.is_unavailable or self.is_invitation_only)
            and (self.enrollment_start is None or self.enrollment_start <= now)
            and (self.enrollment_end is None or now < self.enrollment_end)
            and (self.end is None or now < self.end)
        )

    def may_be_upgraded_to(self, now: datetime) -> bool:
        """Whether who is enrolled in another mode could change to this one; deadlines of modes are not known here."""
        closes = self.enrollment_end or self.end
        return (closes is None or now < closes) and not self.is_unavailable


@dataclass(frozen=True, slots=True, eq=False)
class CountedRun:
    """A run that counts for a program: its modes, their slugs, and the modes that are as good as one of them."""

    modes: Sequence[RunMode]
    names: Sequence[str]
    taken: frozenset[str]

    @classmethod
    def of(cls, modes: Sequence[RunMode]) -> "CountedRun":
        """What is worked out once for all learners."""
        names = list(dict.fromkeys(mode.mode for mode in modes))
        return cls(modes, names, frozenset(names).union(held for held, as_ in EQUIVALENT.items() if as_ in names))

    def changes(self) -> Iterator[datetime]:
        """When it opens, closes or ends."""
        for mode in self.modes:
            yield from (at for at in (mode.enrollment_start, mode.enrollment_end, mode.end) if at is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """A node of a program's tree; `program` is that of `program_id`, None where learners do not see it."""

    position: int
    kind: RequirementKind
    minimum: int | None = None
    course_id: int | None = None
    program: "Curriculum | None" = None
    program_id: int | None = None
    children: tuple["Requirement", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Curriculum:
    """What a program requires: its tree, None for an empty one, and the runs that count, by course.

    `untouched` is where rules keep what they make of a course for all learners.
    """

    program_id: int
    root: Requirement | None
    run_modes: Mapping[int, Sequence[RunMode]]
    _by_run: dict[int, dict[str, CountedRun]] = field(default_factory=dict)
    untouched: dict[int, Any] = field(default_factory=dict)

    def by_run(self, course_id: int) -> Mapping[str, CountedRun]:
        """The runs of a course that count, worked out once."""
        found = self._by_run.get(course_id)
        if found is None:
            modes: dict[str, list[RunMode]] = {}
            for mode in self.run_modes.get(course_id, ()):
                modes.setdefault(mode.course_key, []).append(mode)
            found = self._by_run[course_id] = {key: CountedRun.of(of_run) for key, of_run in modes.items()}
        return found

    def courses(self) -> Iterator[int]:
        """The courses of the program itself, in order."""
        if self.root is not None:
            yield from _courses(self.root)


def _courses(node: Requirement) -> Iterator[int]:
    if node.course_id is not None:
        yield node.course_id
    for child in node.children:
        yield from _courses(child)
