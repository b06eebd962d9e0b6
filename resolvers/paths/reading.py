"""Courseware paths as texts: `read` takes what people and programs link to, and spells it in one way.

A path names a course and at most two things in it. Which of them are sections, sequences or units, only the course
knows.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from edx.errors import InvalidCourseKey
from edx.keys import CourseKey

LONGEST = 2000
"""Characters in a path: more than browsers and proxies agree on."""

ROUNDS = 5
"""How often a text may have been percent-encoded."""

PLAIN = "+:@~!$'()*,;=&"
"""What stands in a segment as it is, besides letters, digits, `-`, `.` and `_`."""

PLAIN_QUERY = PLAIN + "%/?[]"
FOREIGN = re.compile(r"[\x00-\x20\x7f\\]")
PAGES = frozenset({"home", "live", "dates", "discussion", "progress", "course-end", "access-denied"})
"""Pages of the learning front end that stand where the id of a block might."""

FIRST, LAST = "first", "last"
MOST_IDS = 2


class MalformedPath(ValueError):
    """A text that is no courseware path; the message says why."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path, decoded: the course, the segments after it, and what follows them, as it was written.

    `query` is without its `?`, `fragment` without its `#`.
    """

    course: CourseKey
    segments: tuple[str, ...] = ()
    is_preview: bool = False
    query: str = ""
    fragment: str = ""

    @property
    def is_page(self) -> bool:
        """Whether it is a page about the course, and no place in it."""
        return bool(self.segments) and self.segments[0] in PAGES

    def __str__(self) -> str:
        """The path as it is spelled: no slash at the end, everything encoded once."""
        parts = ["/preview/course"] if self.is_preview else ["/course"]
        parts += [encoded(part) for part in (str(self.course), *self.segments)]
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return "/".join(parts) + query + fragment

    def to(self, *segments: str, fragment: str | None = None) -> "Path":
        """The path to another place in the course, with the same query."""
        kept = self.fragment if fragment is None else encoded(fragment)
        return Path(self.course, segments, self.is_preview, self.query, kept)


@lru_cache(4096)
def encoded(segment: str) -> str:
    """A segment as it stands in a path."""
    return quote(segment, safe=PLAIN)


def read(text: str) -> Path:
    """Read a path or a whole address of the learning front end. Raises MalformedPath.

    `/course/KEY/…` or `/preview/course/KEY/…`, with slashes too many, encoded once or several times; of an address
    what comes before `/course/` does not matter.
    """
    if len(text) > LONGEST:
        raise MalformedPath(f"it has {len(text)} characters, {LONGEST} are allowed")
    if foreign := FOREIGN.search(text):
        raise MalformedPath(f"there is {foreign[0]!r} at character {foreign.start() + 1}")
    rest, _, fragment = text.partition("#")
    rest, _, query = rest.partition("?")
    is_preview, segments = _below_course([decoded(part) for part in _local(rest).split("/") if part])
    if not segments:
        raise MalformedPath("it names no course")
    key, *ids = segments
    try:
        course = CourseKey.parse(key)
    except InvalidCourseKey as error:
        raise MalformedPath(str(error)) from error
    found = Path(course, tuple(ids), is_preview, quote(query, safe=PLAIN_QUERY), quote(fragment, safe=PLAIN_QUERY))
    if len(ids) > MOST_IDS and not found.is_page:
        raise MalformedPath(f"after the course it has {len(ids)} parts, {MOST_IDS} at most are allowed")
    return found


def decoded(text: str) -> str:
    """A segment without its percent-encoding, however often it was encoded; `+` stays `+`. Raises MalformedPath."""
    for _ in range(ROUNDS):
        plain = unquote(text)
        if plain == text:
            if text in {".", ".."} or FOREIGN.search(text) or "\ufffd" in text:
                raise MalformedPath(f"{text!r} cannot be a part of it")
            return text
        text = plain
    raise MalformedPath(f"it is percent-encoded more than {ROUNDS} times")


def _local(text: str) -> str:
    """An address without its scheme and host, and without what is before the courseware path."""
    if not text.lower().startswith(("http://", "https://")):
        return text
    _, _, local = text.partition("://")[2].partition("/")
    start = re.search(r"(?:^|/)(?:preview/)?course/", local)
    return local[start.start() :] if start else local


def _below_course(segments: list[str]) -> tuple[bool, list[str]]:
    match segments:
        case ["course", *rest]:
            return False, rest
        case ["preview", "course", *rest]:
            return True, rest
        case _:
            raise MalformedPath("it does not start with /course/ or /preview/course/")
