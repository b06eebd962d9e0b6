"""What is wrong with an archive, told all at once: where, how bad, and in which block.

ArchiveRefused    an archive that cannot be taken as it is; its `report` lists every problem that was found
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, Self

MAX_PROBLEMS = 100
"""Problems kept of each severity; the others are only counted."""
SHOWN = 3


class Key(NamedTuple):
    """The identity of a block within its course.

    The name alone is not enough: a unit and a component of one course may both be called `intro`.
    """

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type}/{self.name}"


class Severity(IntEnum):
    """How bad a problem is; greater is worse."""

    INFO = 1
    """Nothing to do, but good to know."""
    WARNING = 2
    """Kept as it is, though Open edX will not show it as its author may expect."""
    ERROR = 3
    """The course cannot be taken: something of it would be lost, or it would harm the server."""


class Code(StrEnum):
    """What kind of problem it is, for programs."""

    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    """Neither a tar archive (plain or gzip), nor a zip archive, nor a folder."""
    DAMAGED_ARCHIVE = "DAMAGED_ARCHIVE"
    """The archive ends too early, or its check sums are wrong."""
    ENCRYPTED = "ENCRYPTED"
    """A member of the archive needs a password."""
    TOO_LARGE = "TOO_LARGE"
    """More bytes or files than allowed, in one file or in all."""
    BOMB = "BOMB"
    """Grows on unpacking as no course does."""
    UNSAFE_PATH = "UNSAFE_PATH"
    """A path that leads out of the archive, or that some systems cannot hold."""
    LINK = "LINK"
    """A symbolic or hard link."""
    SPECIAL_FILE = "SPECIAL_FILE"
    """A device, a named pipe, a sparse file: neither a plain file nor a folder."""
    DUPLICATE_PATH = "DUPLICATE_PATH"
    """Two members of one path, or a file where there is a folder."""
    CASE_CLASH = "CASE_CLASH"
    """Two paths that are one path where letter case or accents do not count."""
    JUNK = "JUNK"
    """A file that belongs to a desktop, an editor or a version control system; it is left out."""
    NO_ROOT = "NO_ROOT"
    """There is neither a course.xml nor a library.xml."""
    SEVERAL_ROOTS = "SEVERAL_ROOTS"
    """More than one course or library in one archive."""
    NOT_OLX = "NOT_OLX"
    """The root is something else that is called alike, such as a Moodle backup."""
    ENCODING = "ENCODING"
    """Not UTF-8."""
    SYNTAX = "SYNTAX"
    """XML that is not well-formed."""
    DOCTYPE = "DOCTYPE"
    """A document type declaration, which may name entities and foreign files."""
    TOO_DEEP = "TOO_DEEP"
    """Elements or blocks nested deeper than any course."""
    INVALID_JSON = "INVALID_JSON"
    """A policy that is not JSON, or not of the expected shape."""
    MISSING_FILE = "MISSING_FILE"
    """A file that another one names is not in the archive."""
    INVALID_POINTER = "INVALID_POINTER"
    """A tag with more attributes than `url_name`, so that the file of that name would be ignored."""
    POINTER_TO_POINTER = "POINTER_TO_POINTER"
    """A definition file that again only points somewhere; it is not followed."""
    CYCLE = "CYCLE"
    """A block that contains itself."""
    DUPLICATE_NAME = "DUPLICATE_NAME"
    """Two different blocks of one type and name."""
    INVALID_NAME = "INVALID_NAME"
    """A name that cannot stand in a key, or not in a path."""
    UNNAMED = "UNNAMED"
    """A block without a name: learners' answers are lost when its text changes."""
    TAG_MISMATCH = "TAG_MISMATCH"
    """The definition file has another tag than the one that points to it."""
    NAME_MISMATCH = "NAME_MISMATCH"
    """The definition file gives itself another name than the one under which it is found."""
    UNEXPECTED_CHILD = "UNEXPECTED_CHILD"
    """A block where Open edX expects another type."""
    UNEXPECTED_TEXT = "UNEXPECTED_TEXT"
    """Text in a block that holds only blocks; Open edX drops it."""
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    """A block of a type that we know nothing of; it is kept as it is."""
    INVALID_SETTING = "INVALID_SETTING"
    """A setting that the block's own code would refuse."""
    INVALID_CONTENT = "INVALID_CONTENT"
    """Content that the block's own code would refuse; the message is in its words."""
    UNREFERENCED_FILE = "UNREFERENCED_FILE"
    """A definition file that no block leads to; it is kept beside the course."""
    POLICY_OVERRIDES = "POLICY_OVERRIDES"
    """A policy that gives a setting another value than the XML does; the policy wins."""
    POLICY_WITHOUT_BLOCK = "POLICY_WITHOUT_BLOCK"
    """A policy for a block that is not there."""
    INVALID_GRADING = "INVALID_GRADING"
    """A grading policy that does not add up."""
    SECRETS = "SECRETS"
    """Settings that hold passwords in the clear."""


class Place(NamedTuple):
    """A place in an archive. Lines and columns count from 1 and are 0 where there is none; columns count characters."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth knowing.

    `block` is the block that it is about and `breadcrumb` the display names from the course down to it.
    `hint` says what to do about it.
    """

    code: Code
    severity: Severity
    message: str
    place: Place
    block: Key | None = None
    breadcrumb: tuple[str, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        where = f" (in {' > '.join(self.breadcrumb)})" if self.breadcrumb else ""
        lead = f"{self.place}: " if self.place.file else ""
        return f"{lead}{self.message}{where}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found: the first problems of each severity, the worst first, and how many there were."""

    problems: tuple[Problem, ...] = ()
    errors: int = 0
    warnings: int = 0
    infos: int = 0

    def has(self, level: Severity) -> bool:
        """Whether anything is at least as bad."""
        counts = {Severity.ERROR: self.errors, Severity.WARNING: self.warnings, Severity.INFO: self.infos}
        return any(number for severity, number in counts.items() if severity >= level)


class ArchiveRefused(Exception):
    """An archive that cannot be taken as it is: broken, harmful, or not a course. `report` has every problem found."""

    def __init__(self, report: Report) -> None:
        self.report = report
        shown = "; ".join(str(problem) for problem in report.problems[:SHOWN])
        more = report.errors + report.warnings + report.infos - SHOWN
        super().__init__(shown + (f"; and {more} more" if more > 0 else ""))


@dataclass(slots=True)
class Findings:
    """Collects problems while an archive is read; knows through which blocks the reader has come down."""

    found: list[Problem] = field(default_factory=list)
    counts: Counter[Severity] = field(default_factory=Counter)
    trail: list[str] = field(default_factory=list)

    @classmethod
    def starting_with(cls, report: Report) -> Self:
        """Findings that go on where an earlier report ended."""
        counts = Counter(
            {Severity.ERROR: report.errors, Severity.WARNING: report.warnings, Severity.INFO: report.infos}
        )
        return cls(list(report.problems), counts)

    def add(
        self,
        code: Code,
        severity: Severity,
        message: str,
        place: Place | str,
        *,
        block: Key | None = None,
        hint: str = "",
    ) -> None:
        """Note a problem; of each severity only the first ones are kept."""
        self.counts[severity] += 1
        if self.counts[severity] <= MAX_PROBLEMS:
            where = Place(place) if isinstance(place, str) else place
            self.found.append(Problem(code, severity, message, where, block, tuple(self.trail), hint))

    def error(self, code: Code, message: str, place: Place | str, *, block: Key | None = None, hint: str = "") -> None:
        """Note what makes the archive impossible to take."""
        self.add(code, Severity.ERROR, message, place, block=block, hint=hint)

    def warn(self, code: Code, message: str, place: Place | str, *, block: Key | None = None, hint: str = "") -> None:
        """Note what its author should look at."""
        self.add(code, Severity.WARNING, message, place, block=block, hint=hint)

    def info(self, code: Code, message: str, place: Place | str, *, block: Key | None = None, hint: str = "") -> None:
        """Note what is good to know."""
        self.add(code, Severity.INFO, message, place, block=block, hint=hint)

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """What is found inside is found below the block of this display name."""
        self.trail.append(name)
        try:
            yield
        finally:
            self.trail.pop()

    def report(self) -> Report:
        """Everything found so far, the worst first, else in the order in which it was met."""
        ordered = sorted(self.found, key=lambda problem: -problem.severity)
        counts = self.counts
        return Report(tuple(ordered), counts[Severity.ERROR], counts[Severity.WARNING], counts[Severity.INFO])

    def raise_at(self, level: Severity) -> None:
        """Raise `ArchiveRefused` if anything found is at least as bad."""
        report = self.report()
        if report.has(level):
            raise ArchiveRefused(report)
