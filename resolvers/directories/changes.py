"""What becomes of sites, levels, courses and sections when they are synchronized."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ondisk.courses import Instance
from ondisk.diagnostics import Diagnostic
from resolvers.directories.state import StoredRun


class Fate(StrEnum):
    """What becomes of one thing."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    HELD = "held"
    """There is something wrong with it: nothing new is taken over, and what was taken over before stays."""
    REFUSED = "refused"
    """It is gone from the disk, but must not be removed without leave."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not as it was: `added`, `changed` or `removed`; its path in the library."""

    path: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a course or section; `path` is relative to the site's `Courses`.

    `aspects` name what differs, such as `entry.title`. `renamed` is the other path of a course that seems to have been
    moved: for it, a new course is created and the old one removed (`spec/course-directories.rst`, "Courses
    Directory"). `read` is what was read, with its `content` and the `digest` of that, None where it is not taken over.
    """

    fate: Fate
    path: str
    key: str | None = None
    reason: str | None = None
    aspects: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    renamed: str | None = None
    warnings: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    enrollments: int = 0
    programs: tuple[str, ...] = ()
    sections: tuple["Change", ...] = ()
    content: str = ""
    digest: str = ""
    read: Instance | None = None
    stored: StoredRun | None = None

    def all(self) -> Iterator["Change"]:
        """The change itself and those of its sections."""
        yield self
        yield from self.sections

    def told(self) -> "Change":
        """The change as it is told when it is done, without what only had to be written."""
        sections = tuple(section.told() for section in self.sections)
        return replace(self, content="", read=None, stored=None, sections=sections)


@dataclass(frozen=True, slots=True)
class LevelChange:
    """What becomes of an administrative level; `path` is relative to the site's `Courses`."""

    fate: Fate
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """What becomes of a site, in the order of paths; of `unread` more courses nothing has changed."""

    name: str
    fate: Fate
    reason: str | None = None
    levels: tuple[LevelChange, ...] = ()
    courses: tuple[Change, ...] = ()
    unread: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()

    def counts(self) -> Counter[Fate]:
        """How many courses and sections there are of each fate; sections of unread courses are not counted."""
        counted = Counter(change.fate for course in self.courses for change in course.all())
        counted[Fate.UNCHANGED] += self.unread
        return counted

    @property
    def changes_anything(self) -> bool:
        """Whether the catalog would be another one afterwards."""
        new = {Fate.CREATED, Fate.CHANGED, Fate.REMOVED}
        levels = any(level.fate in new for level in self.levels)
        return self.fate in new or levels or any(self.counts()[fate] for fate in new)


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPlan:
    """What becomes of the sites of a library, whose directory is `root`; `found` is false where there is none."""

    root: str
    is_dry_run: bool
    found: bool
    sites: tuple[SitePlan, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())
