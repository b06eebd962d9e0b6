"""What a reader has to say about the files: typed diagnostics instead of exceptions.

A bad file costs its course, or only itself, and never the rest; what it costs is told by the severity.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

__all__ = ["Code", "Diagnostic", "Report", "Severity", "shown"]


class Severity(StrEnum):
    """How much a problem costs."""

    ERROR = "error"
    """The course, section or directory that it is in must not be taken over; what was imported before stays."""
    WARNING = "warning"
    """A value or a file is left out, or is probably not what its author meant; the rest holds."""
    ADVICE = "advice"
    """Everything holds, but a recommendation of the layout is not followed."""


class Code(StrEnum):
    """What kind of problem it is: stable words for programs."""

    UNREADABLE = "unreadable"
    """The system refuses to read it. That is not the same as absent."""
    CHANGING = "changing"
    """It changed each time that it was being read."""
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    WRONG_KIND = "wrong-kind"
    """A directory in place of a file, a file in place of a directory, or neither."""
    SYMLINK = "symlink"
    """Symbolic links are never followed."""
    BAD_NAME = "bad-name"
    NAME_CONFLICT = "name-conflict"
    """Two names that differ only in case, spaces or special characters, or that make one identifier."""
    NEAR_MISS = "near-miss"
    """A name or key that is nearly, but not exactly, one that has a meaning."""
    ENCODING = "encoding"
    JSON = "json"
    XML = "xml"
    DOCTYPE = "doctype"
    WRONG_TYPE = "wrong-type"
    BAD_VALUE = "bad-value"
    BAD_NTIID = "bad-ntiid"
    UNKNOWN_KEY = "unknown-key"
    UNKNOWN_ROLE = "unknown-role"
    UNKNOWN_TOPIC = "unknown-topic"
    MISSING = "missing"
    MISSING_PACKAGE = "missing-package"
    GLOBAL_PACKAGE = "global-package"
    ID_MISMATCH = "id-mismatch"
    NOT_A_SECTION = "not-a-section"
    NO_ADMIN_LEVEL = "no-admin-level"
    NO_EFFECT = "no-effect"
    """It is there, but the layout gives it no meaning in this place."""


UNKNOWN_CONTENT = {Code.UNREADABLE, Code.CHANGING}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: `path` is relative to the library's root, with undecodable bytes and control characters escaped.

    `line` counts from 1, and is None where the problem is not at a line of a text.
    `related` is the other path where the problem is between two.
    """

    severity: Severity
    code: Code
    path: str
    message: str
    line: int | None = None
    related: str | None = None

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        other = f" (the other is {self.related})" if self.related else ""
        return f"{place}: {self.severity}: {self.message}{other} [{self.code}]"


@dataclass(slots=True)
class Report:
    """Collects the diagnostics of one course, section, site or library."""

    found: list[Diagnostic] = field(default_factory=list)
    worst: Severity = Severity.ERROR
    """What errors are told as; see `lenient`."""

    def error(
        self, code: Code, path: PurePosixPath, message: str, *, line: int | None = None, related: str | None = None
    ) -> None:
        """Tell what makes the whole course, section or directory unusable."""
        severity = Severity.ERROR if code in UNKNOWN_CONTENT else self.worst
        self.found.append(Diagnostic(severity, code, shown(path), message, line, related))

    def warning(
        self, code: Code, path: PurePosixPath, message: str, *, line: int | None = None, related: str | None = None
    ) -> None:
        """Tell what is left out, or is probably not meant."""
        self.found.append(Diagnostic(Severity.WARNING, code, shown(path), message, line, related))

    def advice(
        self, code: Code, path: PurePosixPath, message: str, *, line: int | None = None, related: str | None = None
    ) -> None:
        """Tell what works but is not recommended."""
        self.found.append(Diagnostic(Severity.ADVICE, code, shown(path), message, line, related))

    def lenient(self) -> "Report":
        """The same report for a file that costs only itself: its errors are told as warnings.

        What the system refuses to read stays an error, or it would look like removed.
        """
        return Report(self.found, Severity.WARNING)


def shown(path: PurePosixPath | str) -> str:
    """A path for people and databases: bytes that are not UTF-8 and control characters are escaped."""
    return "".join(
        char if char.isprintable() or char == " " else char.encode("unicode_escape").decode() for char in str(path)
    )
