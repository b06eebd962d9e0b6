"""What any text that may be a key is: its parts, what it names, what is wrong with it, and how long it is."""

from dataclasses import dataclass
from enum import StrEnum

from edx.contract_keys import SOURCE, ContractTag, Prefix, prefix_of
from edx.errors import InvalidCourseKey
from edx.keys import MAX_KEY, MAX_ORG, NAMESPACE, CourseId, CourseKey

MAX_SUM = 65
"""Characters in the three parts together that Studio's own pages allow; its API takes more."""


class KeyKind(StrEnum):
    """What a text names."""

    COURSE_RUN = "course_run"
    SOURCE_RUN = "source_run"
    CONTRACT_RUN = "contract_run"
    COURSE = "course"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Length:
    """How long something is, and how long it may be."""

    of: str
    actual: int
    allowed: int

    @property
    def fits(self) -> bool:
        """Whether it is not too long."""
        return self.actual <= self.allowed


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """Something that stands against a text as a key, at a character counted from 1 where it has a place.

    One that is no error is about Studio's own pages only.
    """

    message: str
    position: int | None = None
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class KeyExplanation:
    """What a text is; the parts are None where it is no key."""

    text: str
    kind: KeyKind
    org: str | None = None
    prefix: Prefix | None = None
    number: str | None = None
    run: str | None = None
    tag: ContractTag | None = None
    is_deprecated: bool = False
    problems: tuple[KeyProblem, ...] = ()
    lengths: tuple[Length, ...] = ()


def explain(text: str) -> KeyExplanation:
    """Explain a text; one with three parts as a course run's key, another as a course's id."""
    lengths = lengths_of(text)
    try:
        key = CourseKey.parse(text)
    except InvalidCourseKey as error:
        return _explained_as_course(text, error, lengths)
    tag = ContractTag.parse(key.run)
    is_source = key.run == SOURCE
    kind = KeyKind.SOURCE_RUN if is_source else KeyKind.COURSE_RUN if tag is None else KeyKind.CONTRACT_RUN
    problems = tuple(
        KeyProblem(
            f"the {length.of} has {length.actual} characters; Studio's pages allow {length.allowed}", is_error=False
        )
        for length in lengths
        if not length.fits
    )
    return KeyExplanation(
        text, kind, key.org, prefix_of(key.org), key.course, key.run, tag, key.deprecated, problems, lengths
    )


def _explained_as_course(text: str, error: InvalidCourseKey, lengths: tuple[Length, ...]) -> KeyExplanation:
    """A course's own readable id, which has no run (spec/b2b-courseware.md), or nothing at all."""
    try:
        course = CourseId.parse(text)
    except InvalidCourseKey:
        problem = KeyProblem(error.reason, error.position)
        return KeyExplanation(text, KeyKind.NOTHING, problems=(problem,), lengths=lengths)
    return KeyExplanation(
        text, KeyKind.COURSE, course.org, prefix_of(course.org), course.course, lengths=lengths,
    )  # fmt: skip


def lengths_of(text: str) -> tuple[Length, ...]:
    """The lengths that have limits, of a text that need not be a key: the whole, the organization, the three parts."""
    found = [Length("key", len(text), MAX_KEY)]
    rest = text.removeprefix(f"{NAMESPACE}:")
    parts = rest.split("+" if "+" in rest else "/")
    match parts:
        case [org, number, run]:
            together = len(org) + len(number) + len(run)
            found += [
                Length("organization", len(org), MAX_ORG),
                Length("organization, number and run together", together, MAX_SUM),
            ]
        case [org, _]:
            found.append(Length("organization", len(org), MAX_ORG))
    return tuple(found)
