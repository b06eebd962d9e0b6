"""Keys: `CourseKey` names a run of a course, `CourseId` the course itself.

They hold what Open edX's storage and APIs accept, which is less than its own parser does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from edx.errors import InvalidCourseKey

__all__ = ["CourseId", "CourseKey", "InvalidCourseKey"]

NAMESPACE = "course-v1"
MAX_KEY = 255
"""Characters in a key: the width of every column that Open edX keeps it in."""
MAX_ORG = 64
"""Characters in the organization part: a longer one can have no course team."""

FOREIGN = re.compile(r"[^\w\-~.:]")
FOREIGN_DEPRECATED = re.compile(r"[^\w\-.]")
PREFIX = re.compile(r"([A-Za-z]+-[vV]\d+):")
OTHER_THINGS = {
    "library": "a library",
    "lib": "a library",
    "program": "a program",
    "block": "a block",
    "asset": "a file",
}
QUALIFIERS = {"branch": "a branch of the course", "version": "a version of the course", "type": "a block of the course"}


@dataclass(frozen=True, slots=True)
class CourseKey:
    """The key of a course run, such as `course-v1:MITxT+18.01.3x+2T2025`.

    `deprecated` marks the old form `ANUx/ANU-ASTRO2x/2B3T2015`. As for Open edX, it is another key than the
    `course-v1:` form of the same parts: the two are not equal, and each keeps its text.
    Equality minds the case; `folded` does not.
    """

    org: str
    course: str
    run: str
    deprecated: bool = False

    def __post_init__(self) -> None:
        start = 0 if self.deprecated else len(NAMESPACE) + 1
        parts = {"organization": self.org, "course number": self.course, "run": self.run}
        check_parts(str(self), parts, start=start, kind="course key", deprecated=self.deprecated)

    @classmethod
    def parse(cls, text: str, *, allow_deprecated: bool = True) -> Self:
        """Read a key as written; `str()` of the result is `text` again.

        Old keys are read because institutions still have such runs; pass `allow_deprecated=False` where a run is to be
        created or cloned (spec/b2b-courseware.md). Anything else, percent-encoded text too, raises `InvalidCourseKey`.
        """
        check_text(text, kind="course key")
        if not has_namespace(text, kind="course key"):
            return cls._parse_deprecated(text, allowed=allow_deprecated)
        rest = text.removeprefix(f"{NAMESPACE}:")
        if qualified := re.search(r"(?:^|\+)(branch|version|type)@", rest):
            position = len(NAMESPACE) + 2 + qualified.start(1)
            reason = f"it names {QUALIFIERS[qualified[1]]} from character {position} on"
            raise InvalidCourseKey(text, reason, position=position)
        match rest.split("+"):
            case [org, course, run]:
                return cls(org, course, run)
            case parts:
                raise InvalidCourseKey(text, f"it has {count_of(parts)} in place of three, organization+course+run")

    @classmethod
    def _parse_deprecated(cls, text: str, *, allowed: bool) -> Self:
        if "/" not in text:
            raise InvalidCourseKey(text, f"it does not start with '{NAMESPACE}:'")
        match text.split("/"):
            case [org, course, run]:
                key = cls(org, course, run, deprecated=True)
            case parts:
                raise InvalidCourseKey(text, f"it has {count_of(parts)} in place of three, organization/course/run")
        if not allowed:
            reason = f"the old form organization/course/run is not accepted here, '{NAMESPACE}:' is"
            raise InvalidCourseKey(text, reason)
        return key

    def __str__(self) -> str:
        if self.deprecated:
            return f"{self.org}/{self.course}/{self.run}"
        return f"{NAMESPACE}:{self.org}+{self.course}+{self.run}"

    @property
    def course_id(self) -> "CourseId":
        """The course that this run is of, judged by the key alone."""
        return CourseId(self.org, self.course)

    @property
    def folded(self) -> str:
        """The same text for all keys that differ by case only: Open edX refuses to have two of them."""
        return str(self).casefold()


@dataclass(frozen=True, slots=True)
class CourseId:
    """The id of a course: an organization and a number, such as `MITx+6.002x`."""

    org: str
    course: str

    def __post_init__(self) -> None:
        check_parts(str(self), {"organization": self.org, "course number": self.course}, start=0, kind="course id")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `MITx+6.002x`, `MITx/6.002x` (spec/programs.md) or `course-v1:MITx+6.002x` (spec/b2b-courseware.md).

        The three are one id, written with `+`. Anything else raises `InvalidCourseKey`.
        """
        check_text(text, kind="course id")
        namespaced = has_namespace(text, kind="course id")
        rest = text.removeprefix(f"{NAMESPACE}:")
        separator = "+" if namespaced or "+" in rest else "/"
        match rest.split(separator):
            case [org, course]:
                return cls(org, course)
            case [_, _, _]:
                raise InvalidCourseKey(text, "it has 3 parts, so it names a run of the course", kind="course id")
            case parts:
                reason = f"it has {count_of(parts)} in place of two, organization{separator}course"
                raise InvalidCourseKey(text, reason, kind="course id")

    def __str__(self) -> str:
        return f"{self.org}+{self.course}"

    @property
    def folded(self) -> str:
        """The same text for all ids that differ by case only."""
        return str(self).casefold()


def check_text(text: str, *, kind: str) -> None:
    """Refuse what cannot be a key whatever its form: nothing, white space, percent-encoding, too much."""
    if not text:
        raise InvalidCourseKey(text, "it is empty", kind=kind)
    if space := re.search(r"\s", text):
        what = "a line break" if space[0] in "\r\n" else "a space"
        position = space.start() + 1
        raise InvalidCourseKey(text, f"there is {what} at character {position}", kind=kind, position=position)
    if "%" in text:
        position = text.index("%") + 1
        decoded = unquote(text)
        hint = f"; decoded it reads {decoded!r}" if decoded != text and len(text) <= MAX_KEY else ""
        raise InvalidCourseKey(text, f"it is still percent-encoded{hint}", kind=kind, position=position)
    if len(text) > MAX_KEY:
        raise InvalidCourseKey(text, f"it has {len(text)} characters, {MAX_KEY} are allowed", kind=kind)


def has_namespace(text: str, *, kind: str) -> bool:
    """Whether the text starts with `course-v1:`; what starts with another namespace is refused by name."""
    prefix = PREFIX.match(text)
    if prefix is None or prefix[1] == NAMESPACE:
        return prefix is not None
    if prefix[1].lower() == NAMESPACE:
        raise InvalidCourseKey(
            text, f"the namespace must be written '{NAMESPACE}', in lower case", kind=kind, position=1
        )
    thing = OTHER_THINGS.get(prefix[1].lower().partition("-")[0])
    reason = f"it names {thing}" if thing else f"its namespace is '{prefix[1]}' in place of '{NAMESPACE}'"
    raise InvalidCourseKey(text, reason, kind=kind, position=1)


def check_parts(text: str, parts: dict[str, str], *, start: int, kind: str, deprecated: bool = False) -> None:
    """Refuse parts that are empty, hold other characters than Open edX allows, or are too long.

    `start` is where the first part begins in the text.
    """
    foreign_to = FOREIGN_DEPRECATED if deprecated else FOREIGN
    for name, part in parts.items():
        if not part:
            raise InvalidCourseKey(text, f"the {name} is empty (character {start + 1})", kind=kind, position=start + 1)
        if foreign := foreign_to.search(part):
            position = start + foreign.start() + 1
            reason = f"the {name} contains {foreign[0]!r} (character {position})"
            raise InvalidCourseKey(text, reason, kind=kind, position=position)
        if not part.strip("."):
            raise InvalidCourseKey(text, f"the {name} is only dots", kind=kind, position=start + 1)
        start += len(part) + 1
    org = parts["organization"]
    if PREFIX.match(org):
        raise InvalidCourseKey(text, "the organization reads like a namespace", kind=kind, position=1)
    if len(org) > MAX_ORG:
        raise InvalidCourseKey(text, f"the organization has {len(org)} characters, {MAX_ORG} are allowed", kind=kind)
    if len(text) > MAX_KEY:
        raise InvalidCourseKey(text, f"it has {len(text)} characters, {MAX_KEY} are allowed", kind=kind)


def count_of(parts: Sequence[str]) -> str:
    """`1 part`, `2 parts`."""
    return f"{len(parts)} part" if len(parts) == 1 else f"{len(parts)} parts"
