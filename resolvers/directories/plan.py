"""What a synchronization would do with a site: a function of what was read, what is stored and what is allowed.

It decides everything; `resolvers.directories.apply` only writes. Courses are planned some at a time, since only so many
are in memory as a whole.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from edx.errors import InvalidCourseKey
from ondisk.courses import Course, Instance, Section
from ondisk.library import Site
from ondisk.packed import Place
from resolvers.directories.changes import Change, Fate, FileChange, LevelChange, SitePlan
from resolvers.directories.contents import aspects, content_of, digest_of
from resolvers.directories.keys import run_key
from resolvers.directories.layout import Policy
from resolvers.directories.state import StoredRun, StoredSite

LONGEST_LEVEL = 255
"""Characters in the path of a level: no course in a longer one can have a key."""

ERRORS = "there are errors in it"
WITHHELD = "its directory cannot be taken over"
NOT_ALLOWED = "removals are not allowed"
ALL_GONE = "no course is left in the site: perhaps a disk is missing"
PACKAGES = "its content packages change while learners are enrolled: their access follows the new ones"
RENAMED = "a directory that is renamed or moved is a new course, and the old one is removed with its enrollments"


def gone(site: Site, stored: StoredSite) -> list[str]:
    """The paths of stored courses that are not on the disk any more."""
    if not site.found:
        return []
    there = {str(path) for path in (*site.courses.paths(), *site.unchanged)}
    withheld = Withheld(site.withheld)
    return [path for path in stored.courses if path not in there and not withheld.covers(path)]


def keys_of(site: Site) -> list[str]:
    """The keys that the courses and sections that were read would have, as far as there can be such keys."""
    found = (key_of(site.name, place) for place in site.courses.places())
    return [key for key, _ in found if key is not None]


def key_of(site: str, place: Place) -> tuple[str | None, str | None]:
    """The key of a course or section, or None and why there is none."""
    path = place.path
    try:
        key = run_key(site, path.parent.parent, path.name) if place.is_section else run_key(site, path)
    except InvalidCourseKey as error:
        return None, f"no course key can be made of its path: {error}"
    return str(key), None


class Withheld:
    """Paths that are there but cannot be taken over, with all below them."""

    def __init__(self, paths: Iterable[PurePosixPath]) -> None:
        self._paths = {str(path) for path in paths}

    def covers(self, path: str) -> bool:
        """Whether a path is one of them or below one."""
        if not self._paths:
            return False
        return path in self._paths or any(str(parent) in self._paths for parent in PurePosixPath(path).parents)

    def below(self, path: str) -> bool:
        """Whether one of them is below a path."""
        return any(each.startswith(f"{path}/") for each in self._paths)


class Planner:
    """Plans one site.

    `stored` has the details of courses that are `gone`; `in_use` has the keys of runs, by folded key, as far as those
    of the site's courses are among them.
    """

    def __init__(self, site: Site, stored: StoredSite, policy: Policy, in_use: Mapping[str, str]) -> None:
        self.site = site
        self.stored = stored
        self.policy = policy
        self.withheld = Withheld(site.withheld)
        self.base = f"sites/{site.name}/Courses"
        self.gone = gone(site, stored)
        self.is_emptied = bool(self.gone) and len(self.gone) == len(stored.courses) and not len(site.courses)
        self.in_use = dict(in_use)
        self.wanted = Counter(key.casefold() for key in keys_of(site))

    def frame(self) -> SitePlan:
        """The plan of the site, in which courses that were read are still missing."""
        removals = [self.removal(self.stored.courses[path]) for path in self.gone]
        freed = [change for course in removals for change in course.all() if change.fate is Fate.REMOVED]
        for change in freed:
            self.in_use.pop(str(change.key).casefold(), None)
        courses = [*removals, *(self.held(path) for path in self.stored.courses if self.withheld.covers(path))]
        return SitePlan(
            name=self.site.name,
            fate=Fate.CREATED if self.stored.id is None and self.site.found else Fate.UNCHANGED,
            levels=self.levels(courses),
            courses=tuple(courses),
            unread=len(self.site.unchanged),
            diagnostics=self.site.diagnostics,
        )

    def courses(self, read: Iterable[Course], stored: StoredSite) -> list[Change]:
        """What becomes of some courses that were read, after the frame is planned; `stored` has their details."""
        self.stored = stored
        return [self.course(course) for course in read]

    def held(self, path: str) -> Change:
        """A stored course whose directory cannot be taken over, as the site's diagnostics say."""
        run = self.stored.courses[path]
        return removed(run, Fate.HELD, WITHHELD)

    def removal(self, run: StoredRun) -> Change:
        """A stored course whose directory is gone."""
        sections = self.stored.sections[run.path].values()
        reason = self.objection([run, *sections])
        if reason is None and self.is_emptied and not self.policy.allow_empty:
            reason = ALL_GONE
        fate = Fate.REMOVED if reason is None else Fate.REFUSED
        return removed(run, fate, reason, [removed(section, fate, reason) for section in sections])

    def objection(self, runs: Iterable[StoredRun]) -> str | None:
        """Why runs must not be removed."""
        if not self.policy.allow_removals:
            return NOT_ALLOWED
        for run in runs:
            if (run.enrollments or run.programs) and run.key not in self.policy.confirmed:
                return f"{lost_with(run)}: confirm the removal of {run.key}"
        return None

    def course(self, course: Course) -> Change:
        """A course directory."""
        stored = self.stored.courses.get(str(course.path))
        key, problem = self.key(course, stored)
        if not course.usable:
            problem = ERRORS
        if problem:
            return self.unusable(course, stored, problem)
        change = self.compared(course, stored, key, self.sections(course))
        is_new_bundle = stored is not None and "bundle" in change.aspects
        enrolled = sum(each.enrollments for each in change.all())
        return replace(change, warnings=(PACKAGES,)) if is_new_bundle and enrolled else change

    def sections(self, course: Course) -> list[Change]:
        """The sections of a course directory."""
        stored = self.stored.sections.get(str(course.path), {})
        there = {str(section.path) for section in course.sections}
        changes = [self.lost_section(run) for path, run in stored.items() if path not in there]
        for change in changes:
            if change.fate is Fate.REMOVED:
                self.in_use.pop(str(change.key).casefold(), None)
        changes += [self.section(section, stored.get(str(section.path))) for section in course.sections]
        return sorted(changes, key=lambda change: change.path)

    def lost_section(self, run: StoredRun) -> Change:
        """A stored section that was not read."""
        if self.withheld.covers(run.path):
            return removed(run, Fate.HELD, WITHHELD)
        reason = self.objection([run])
        return removed(run, Fate.REFUSED if reason else Fate.REMOVED, reason)

    def section(self, section: Section, stored: StoredRun | None) -> Change:
        """The directory of a section."""
        key, problem = self.key(section, stored)
        if problem is None and not section.usable:
            problem = ERRORS
        return self.unusable(section, stored, problem) if problem else self.compared(section, stored, key, [])

    def key(self, instance: Instance, stored: StoredRun | None) -> tuple[str | None, str | None]:
        """The key of a course or section, or why it cannot be had."""
        if stored is not None:
            return stored.key, None
        key, problem = key_of(self.site.name, Place(instance.path, instance.parts, isinstance(instance, Section)))
        if key is None:
            return None, problem
        if (other := self.in_use.get(key.casefold())) is not None:
            return None, f"its key {key} is in use already, by the run {other}"
        if self.wanted[key.casefold()] > 1:
            return None, f"its key {key} is that of another directory as well"
        return key, None

    def unusable(self, instance: Instance, stored: StoredRun | None, reason: str) -> Change:
        """A directory that is not taken over."""
        return Change(
            fate=Fate.HELD,
            path=str(instance.path),
            key=stored.key if stored else None,
            reason=reason,
            diagnostics=instance.diagnostics,
            stored=stored,
        )

    def compared(self, instance: Instance, stored: StoredRun | None, key: str | None, sections: list[Change]) -> Change:
        """A directory that is taken over, and how it differs from what was taken over before."""
        content = content_of(instance)
        digest = digest_of(content, f"{self.base}/{instance.path}")
        fate, differing = Fate.CREATED, tuple[str, ...]()
        if stored is not None:
            fate = Fate.UNCHANGED if stored.digest == digest else Fate.CHANGED
            differing = () if fate is Fate.UNCHANGED else aspects(stored.content, content)
        return Change(
            fate=fate,
            path=str(instance.path),
            key=key,
            aspects=differing,
            files=tuple(file_changes(stored.files if stored else {}, instance)),
            diagnostics=instance.diagnostics,
            enrollments=stored.enrollments if stored else 0,
            programs=stored.programs if stored else (),
            sections=tuple(sections),
            content=content,
            digest=digest,
            read=instance,
            stored=stored,
        )

    def levels(self, courses: Iterable[Change]) -> tuple[LevelChange, ...]:
        """What becomes of the levels: one that something is kept in stays."""
        there = {path for path in map(str, self.site.levels) if len(path) <= LONGEST_LEVEL}
        kept = [change.path for change in courses if change.fate in {Fate.HELD, Fate.REFUSED} and change.stored]
        needed = {str(parent) for path in kept for parent in PurePosixPath(path).parents}
        changes = [LevelChange(Fate.CREATED, path) for path in there - self.stored.levels.keys()]
        if self.site.found:
            changes += [
                LevelChange(Fate.REMOVED, path)
                for path in self.stored.levels.keys() - there - needed
                if not self.withheld.covers(path) and not self.withheld.below(path)
            ]
        return tuple(sorted(changes, key=lambda change: change.path))


def removed(run: StoredRun, fate: Fate, reason: str | None, sections: Iterable[Change] = ()) -> Change:
    """A stored directory that was not read: it is gone, or cannot be taken over."""
    return Change(
        fate=fate,
        path=run.path,
        key=run.key,
        reason=reason,
        enrollments=run.enrollments,
        programs=run.programs,
        sections=tuple(sections),
        digest=run.digest,
        stored=run,
    )


def lost_with(run: StoredRun) -> str:
    """What would be lost with a run."""
    parts = [f"{run.enrollments} learners are enrolled"] if run.enrollments else []
    parts += [f"it is in the programs {', '.join(map(repr, run.programs))}"] if run.programs else []
    return " and ".join(parts)


def file_changes(before: Mapping[str, str], instance: Instance) -> Iterable[FileChange]:
    """The files of a directory that are not as they were, in the order of their paths."""
    after = {stamp.path: stamp.sha256 for stamp in instance.files}
    for path in sorted(before.keys() | after.keys()):
        if path not in before:
            yield FileChange(path, "added")
        elif path not in after:
            yield FileChange(path, "removed")
        elif before[path] != after[path]:
            yield FileChange(path, "changed")


def whole(frame: SitePlan, courses: Iterable[Change]) -> SitePlan:
    """The plan of a site with all courses, in the order of their paths."""
    changes = with_renames([*frame.courses, *courses])
    return replace(frame, courses=tuple(sorted(changes, key=lambda change: change.path)))


def with_renames(courses: Collection[Change]) -> list[Change]:
    """The changes of courses; where one is gone and another one with the same content is new, both say so."""
    lost = alone(change for change in courses if change.fate in {Fate.REMOVED, Fate.REFUSED})
    found = alone(change for change in courses if change.fate is Fate.CREATED)
    others = {lost[digest].path: found[digest].path for digest in lost.keys() & found.keys()}
    others |= {new: old for old, new in others.items()}
    return [
        replace(change, renamed=others[change.path], warnings=(*change.warnings, RENAMED))
        if change.path in others
        else change
        for change in courses
    ]


def alone(courses: Iterable[Change]) -> dict[str, Change]:
    """The courses whose content no other of them has, by its digest."""
    by_digest: defaultdict[str, list[Change]] = defaultdict(list)
    for change in courses:
        by_digest[change.digest].append(change)
    return {digest: changes[0] for digest, changes in by_digest.items() if len(changes) == 1}
