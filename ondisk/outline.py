"""`course_outline.xml`: units and nested lessons, with the dates of their availability.

Elements and attributes that are not named here have no meaning (spec/course-directories.rst, "course_outline.xml").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol, cast

from lxml import etree

from ondisk.diagnostics import Code, Report
from ondisk.documents import Rejected, read_xml
from ondisk.files import Folder
from ondisk.names import is_ntiid
from ondisk.values import moment

__all__ = ["OUTLINE", "Lesson", "Outline", "Topic", "Topics", "Unit", "parse_outline", "read_outline"]

OUTLINE = "course_outline.xml"
MAX_DEPTH = 32
"""Lessons within lessons."""
MAX_TITLE = 300
DATES = 2


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson. `topic` is the NTIID of its content; dates are in UTC, None being no bound, and bound its lessons too.

    A `stub` is only announced: its topic is not to be handed to clients.
    """

    title: str | None = None
    description: str | None = None
    topic: str | None = None
    source: str | None = None
    beginning: datetime | None = None
    ending: datetime | None = None
    stub: bool = False
    lessons: tuple["Lesson", ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, which only groups lessons. `ntiid` is what old files call it; its identity is its position."""

    title: str | None = None
    source: str | None = None
    ntiid: str | None = None
    lessons: tuple[Lesson, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """Units in order, and the file that they come from, by its path in the library."""

    units: tuple[Unit, ...]
    path: str

    def nodes(self) -> Iterator[tuple[tuple[int, ...], Unit | Lesson]]:
        """All units and lessons with their positions, each before its lessons: (0,), (0, 0), (0, 1), (1,) and so on."""
        return numbered(self.units, ())


def numbered(
    nodes: Sequence["Unit | Lesson"], position: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], "Unit | Lesson"]]:
    """Nodes below a position, with theirs."""
    for index, node in enumerate(nodes):
        yield (*position, index), node
        yield from numbered(node.lessons, (*position, index))


@dataclass(frozen=True, slots=True)
class Topic:
    """A piece of content as its package calls it."""

    title: str | None = None
    description: str | None = None


class Topics(Protocol):
    """The content that a course can point to."""

    @property
    def complete(self) -> bool:
        """Whether all content is known, so that what is not known does not exist."""

    def topic(self, ntiid: str) -> Topic | None:
        """A piece of content, None if it is not known."""


def read_outline(folder: Folder, topics: Topics) -> Outline | None:
    """The outline in a directory's file; None if there is none, or, with an error, if it is bad."""
    root = read_xml(folder, OUTLINE)
    return None if root is None else parse_outline(root, folder.path / OUTLINE, folder.report, topics)


def parse_outline(root: etree._Element, path: PurePosixPath, report: Report, topics: Topics) -> Outline:
    """The outline in an element that has units, whatever its own name is."""
    parser = Parser(path, report, topics)
    units = tuple(parser.unit(element) for element in root.iterchildren("unit"))
    if not units and len(root):
        report.warning(Code.MISSING, path, f"there is no unit in <{root.tag}>", line=line(root))
    return Outline(units, str(path))


@dataclass(frozen=True, slots=True)
class Parser:
    """What is known while a file's outline is read."""

    path: PurePosixPath
    report: Report
    topics: Topics

    def unit(self, element: etree._Element) -> Unit:
        """A `unit` element."""
        lessons = tuple(self.lesson(child, 1) for child in element.iterchildren("lesson"))
        return Unit(self.title(element, "label"), get(element, "src"), get(element, "ntiid"), lessons)

    def lesson(self, element: etree._Element, depth: int) -> Lesson:
        """A `lesson` element; one that is nested too deep has an error in place of its lessons."""
        children = list(element.iterchildren("lesson"))
        if children and depth == MAX_DEPTH:
            message = f"more than {MAX_DEPTH} levels of lessons"
            self.report.error(Code.TOO_DEEP, self.path, message, line=line(children.pop()))
            children.clear()
        topic = get(element, "topic-ntiid")
        known = self.known(element, topic)
        beginning, ending = self.dates(element)
        return Lesson(
            title=self.title(element, "title", "label") or known.title,
            description=get(element, "description") or known.description,
            topic=topic,
            source=get(element, "src"),
            beginning=beginning,
            ending=ending,
            stub=self.stub(element),
            lessons=tuple(self.lesson(child, depth + 1) for child in children),
        )

    def title(self, element: etree._Element, *names: str) -> str | None:
        """The first of some attributes, of at most 300 characters."""
        title = next(filter(None, (get(element, name) for name in names)), None)
        if title and len(title) > MAX_TITLE:
            message = f"the title has {len(title)} characters, more than {MAX_TITLE}"
            self.report.error(Code.BAD_VALUE, self.path, message, line=line(element))
        return title

    def known(self, element: etree._Element, ntiid: str | None) -> Topic:
        """What the packages say about a topic; a warning if it is not one of theirs."""
        if ntiid is None:
            return Topic()
        if topic := self.topics.topic(ntiid):
            return topic
        if not is_ntiid(ntiid):
            self.report.warning(Code.BAD_NTIID, self.path, f"{ntiid!r} is not an NTIID", line=line(element))
        elif self.topics.complete:
            message = f"{ntiid} is not in the course's packages"
            self.report.warning(Code.UNKNOWN_TOPIC, self.path, message, line=line(element))
        return Topic()

    def dates(self, element: etree._Element) -> tuple[datetime | None, datetime | None]:
        """Beginning and ending: `date` has the two with a comma between them, or only the ending."""
        try:
            beginning, ending = parse_dates(element.get("date", ""), line(element))
        except Rejected as error:
            self.report.error(error.code, self.path, str(error), line=error.line)
            return None, None
        if beginning and ending and beginning > ending:
            self.report.advice(Code.BAD_VALUE, self.path, "it ends before it begins", line=line(element))
        return beginning, ending

    def stub(self, element: etree._Element) -> bool:
        """Whether `isOutlineStubOnly` is `true`, and nothing else."""
        written = element.get("isOutlineStubOnly", "false")
        if written not in {"true", "false"}:
            message = f"isOutlineStubOnly is {written!r}, which counts as 'false'"
            self.report.warning(Code.BAD_VALUE, self.path, message, line=line(element))
        return written == "true"


def parse_dates(written: str, at: int | None) -> tuple[datetime | None, datetime | None]:
    """The two dates in a `date` attribute; raises `Rejected`."""
    parts = [part.strip() for part in written.split(",")]
    if len(parts) > DATES:
        raise Rejected(f"the date {written!r} has {len(parts)} parts in place of one or two", at)
    try:
        dates = [moment(part) if part else None for part in parts]
    except ValueError as error:
        raise Rejected(f"date: {error}", at) from None
    return (None, dates[0]) if len(dates) < DATES else (dates[0], dates[1])


def get(element: etree._Element, name: str) -> str | None:
    """An attribute without the white space around it; None if it is missing or empty."""
    return element.get(name, "").strip() or None


def line(element: etree._Element) -> int | None:
    """The line that an element starts at."""
    return cast("int | None", element.sourceline)  # the stubs do not know its type
