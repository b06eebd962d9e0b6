"""A corpus of courses read as an import would: which types of blocks and settings pass, and which do not, and why.

So that it can be published at any time what is known to pass (spec/content-api.md, "Testability").
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from edx.olx import ArchiveRefused, Block, Course, Keep, Key, Problem, Severity, UnwritableBlock, parse, read, serialize
from edx.olx.kinds import KNOWN, ROOTS
from resolvers.content.nodes import write
from resolvers.content.spool import spool
from resolvers.editing.values import FILES, fault_of_value

ENDINGS = (".tar.gz", ".tgz", ".tar", ".zip")
UNWRITABLE, INVALID_SETTING = "UNWRITABLE", "INVALID_SETTING"
UNPLACED = "(no block)"
"""What problems belong to that are about no block."""


class Verdict(StrEnum):
    """What is to be said of a course, a type or a setting; the worst of what was found."""

    PASSES = "passes"
    WARNS = "warns"
    """It is imported, though Open edX will not show it as its author may expect."""
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Found:
    """One problem: its code, and what it is about. `setting` is empty where it is about a block as a whole."""

    code: str
    verdict: Verdict
    message: str
    place: str
    type: str = UNPLACED
    block: str = ""
    setting: str = ""


@dataclass(slots=True)
class Tally:
    """How often something was seen in how many courses, and the problems with it by their codes."""

    name: str
    blocks: int = 0
    courses: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = Verdict.PASSES

    def seen(self, blocks: int) -> None:
        """Count the blocks of one more course."""
        self.blocks += blocks
        self.courses += 1

    def note(self, found: Found) -> None:
        """Count a problem."""
        self.problems[found.code] += 1
        if self.verdict is not Verdict.FAILS:
            self.verdict = found.verdict


@dataclass(slots=True)
class Kind(Tally):
    """The same of a type of blocks, with its settings by name."""

    settings: dict[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """One course: its version if it passes, what it consists of, and what is wrong with it."""

    path: Path
    version: str | None
    uses: Mapping[str, Mapping[str, int]]
    """How many blocks have each setting, by type and setting; the setting is empty for the blocks themselves."""
    problems: Sequence[Found]

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return sum(settings[""] for settings in self.uses.values())

    @property
    def verdict(self) -> Verdict:
        """What is to be said of it."""
        verdicts = {found.verdict for found in self.problems}
        return next((each for each in (Verdict.FAILS, Verdict.WARNS) if each in verdicts), Verdict.PASSES)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Courses, and what they show together, by type."""

    courses: Sequence[Judged]
    types: Mapping[str, Kind]


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """The courses that paths lead to: archives, folders of a course, and those in folders, however deep."""
    for path in paths:
        if not path.is_dir() or any((path / root).is_file() for root in ROOTS.values()):
            yield path
        else:
            inside = sorted(each for each in path.iterdir() if not each.name.startswith(".") and not each.is_symlink())
            yield from find(each for each in inside if each.is_dir() or each.name.endswith(ENDINGS))


def survey(paths: Iterable[Path]) -> Iterator[Judged]:
    """Every course judged, one after the other. Blocks the thread."""
    for path in find(paths):
        with spool() as keep:
            yield judge(path, keep)


def judge(path: Path, keep: Keep) -> Judged:
    """A course read as an import reads it, and each of its blocks as an edit would write it."""
    try:
        parsed = parse(read(path, keep=keep), fail_level=None)
    except ArchiveRefused as refused:
        return Judged(path, None, {}, [of_import(problem) for problem in refused.report.problems])
    except OSError as error:
        return Judged(path, None, {}, [Found("UNREADABLE", Verdict.FAILS, error.strerror or str(error), str(path))])
    course = parsed.course
    problems = [of_import(problem) for problem in parsed.report.problems if problem.severity > Severity.INFO]
    problems += [found for block in course.root.walk() for found in faults_of(course, block)]
    version = None if parsed.report.errors else write(course).root
    return Judged(path, version, uses_in(course), problems)


def together(courses: Sequence[Judged]) -> Corpus:
    """What courses show together."""
    types: dict[str, Kind] = {}
    for course in courses:
        for name, settings in course.uses.items():
            kind = types.setdefault(name, Kind(name))
            kind.seen(settings[""])
            for setting, blocks in settings.items():
                if setting:
                    kind.settings.setdefault(setting, Tally(setting)).seen(blocks)
        for found in course.problems:
            kind = types.setdefault(found.type, Kind(found.type))
            kind.note(found)
            if found.setting:
                kind.settings.setdefault(found.setting, Tally(found.setting)).note(found)
    return Corpus(courses, {name: types[name] for name in sorted(types)})


def uses_in(course: Course) -> dict[str, dict[str, int]]:
    """How many blocks of each type have each setting."""
    found: dict[str, Counter[str]] = {}
    for block in course.root.walk():
        if not block.is_missing:
            counts = found.setdefault(block.type, Counter())
            counts.update(["", *(name for name in course.settings_of(block) if name not in FILES)])
    return {kind: dict(counts) for kind, counts in found.items()}


def faults_of(course: Course, block: Block) -> Iterator[Found]:
    """Values that Open edX would refuse, and blocks that could not be edited, since no file could hold them."""
    about = {"type": block.type, "block": str(block.key), "place": str(block.place)}
    for name, value in course.settings_of(block).items():
        if name not in FILES and (fault := fault_of_value(name, value)):
            yield Found(INVALID_SETTING, Verdict.WARNS, f"{name}: {fault}", setting=name, **about)
    try:
        serialize(block)
    except UnwritableBlock as error:
        yield Found(UNWRITABLE, Verdict.WARNS, str(error), **about)


def of_import(problem: Problem) -> Found:
    """What an import says, with the type of the blocks that it is about."""
    verdict = Verdict.FAILS if problem.severity is Severity.ERROR else Verdict.WARNS
    kind = _type_of(problem.block, problem.place.file)
    block = "" if problem.block is None else str(problem.block)
    return Found(problem.code.value, verdict, problem.message, str(problem.place), kind, block)


def _type_of(block: Key | None, file: str) -> str:
    """The type of a block, or of the blocks in whose folder a file is."""
    if block is not None:
        return block.type
    folders = [part for part in file.split("/")[:-1] if part in KNOWN]
    return folders[-1] if folders else UNPLACED
