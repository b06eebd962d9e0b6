"""What the rules of progress are about, read from the tables: curricula of programs, and records of learners.

The same statements serve snapshots, which give raw values, and transactions; so instants are read as microseconds.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Select, String, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Row, Snapshot
from db.tables import (
    CourseRun,
    LearnerCertificate,
    LearnerEnrollment,
    Program,
    ProgramCourseRunMode,
    ProgramRequirement,
    ProgramStatus,
    RequirementKind,
)
from db.types import any_of, instant, micros
from resolvers.learners.curriculum import Curriculum, Requirement, RunMode
from resolvers.learners.rules import Certified, Enrolled, Record
from resolvers.plan.statements import KEYS, keys_parameter, rows_for

Fetch = Callable[[Select[*tuple[Any, ...]], Sequence[Any]], Awaitable[Sequence[Row]]]
"""Gives the rows of a SELECT over `keys_parameter`."""

FRESH_SECONDS = 30.0
MOST_KEPT = 10_000
DEEPEST = 10
"""Programs within programs that are looked into."""

SHOWN = frozenset({ProgramStatus.ACTIVE.value, ProgramStatus.RETIRED.value})

_node, _mode, _run = ProgramRequirement, ProgramCourseRunMode, CourseRun
NODES = (
    select(
        _node.program_id, Program.status, _node.id, _node.parent_id, _node.sequence, _node.kind, _node.minimum,
        _node.course_id, _node.required_program_id,
    )
    .join(Program, Program.id == _node.program_id)
    .where(any_of(_node.program_id, keys_parameter(BigInteger())))
    .order_by(_node.program_id, _node.sequence)
)  # fmt: skip
RUN_MODES = (
    select(
        _mode.program_id, _run.course_id, _run.key, _mode.mode_slug, _mode.sku, _mode.is_unavailable,
        _run.is_invitation_only, micros(_run.enrollment_start), micros(_run.enrollment_end), micros(_run.end),
    )
    .join(_run, _run.id == _mode.course_run_id)
    .where(any_of(_mode.program_id, keys_parameter(BigInteger())))
    .order_by(_mode.program_id, _run.key, _mode.id)
)  # fmt: skip
REVISIONS = select(Program.id, Program.revision).where(any_of(Program.id, keys_parameter(BigInteger())))
ENROLLMENTS = select(
    LearnerEnrollment.username,
    LearnerEnrollment.course_key,
    LearnerEnrollment.mode,
    micros(LearnerEnrollment.enrolled_at),
).where(any_of(LearnerEnrollment.username, keys_parameter(String())), LearnerEnrollment.is_active)
CERTIFICATES = (
    select(
        LearnerCertificate.username, LearnerCertificate.course_key, LearnerCertificate.mode,
        LearnerCertificate.is_passing, LearnerCertificate.grade, LearnerCertificate.download_url,
        micros(LearnerCertificate.awarded_at), _run.course_id,
    )
    .outerjoin(_run, _run.key == LearnerCertificate.course_key)
    .where(any_of(LearnerCertificate.username, keys_parameter(String())))
    .order_by(LearnerCertificate.username, LearnerCertificate.course_key)
)  # fmt: skip


def from_snapshot(snapshot: Snapshot, dialect: Dialect) -> Fetch:
    """Reads on a snapshot."""
    return lambda query, keys: rows_for(snapshot, dialect, query, keys)


def from_session(session: AsyncSession) -> Fetch:
    """Reads in a transaction."""

    async def fetch(query: Select[*tuple[Any, ...]], keys: Sequence[Any]) -> Sequence[Row]:
        return [tuple(row) for row in await session.execute(query, {KEYS: list(keys)})]

    return fetch


async def curricula(fetch: Fetch, programs: Collection[int]) -> dict[int, Curriculum]:
    """What each of the programs requires, with the programs that they require in turn."""
    nodes: dict[int, list[Row]] = {}
    hidden: set[int] = set()
    wanted = set(programs)
    for _ in range(DEEPEST):
        rows = await fetch(NODES, sorted(wanted)) if wanted else []
        for row in rows:
            nodes.setdefault(row[0], []).append(row)
            if row[1] not in SHOWN:
                hidden.add(row[0])
        wanted = {row[8] for row in rows if row[8] is not None} - nodes.keys()
    modes = await fetch(RUN_MODES, sorted({*programs, *nodes}))
    return _Building(nodes, hidden, _by_program(modes)).all(programs)


def _by_program(rows: Iterable[Row]) -> dict[int, dict[int, list[RunMode]]]:
    found: dict[int, dict[int, list[RunMode]]] = {}
    for program, course, key, mode, sku, is_unavailable, is_invitation_only, start, close, end in rows:
        made = RunMode(
            key, mode, sku, bool(is_unavailable), bool(is_invitation_only), moment(start), moment(close), moment(end)
        )
        found.setdefault(program, {}).setdefault(course, []).append(made)
    return found


class _Building:
    """Curricula being put together, each once."""

    def __init__(
        self,
        nodes: Mapping[int, Sequence[Row]],
        hidden: Collection[int],
        modes: Mapping[int, Mapping[int, Sequence[RunMode]]],
    ) -> None:
        self._nodes = nodes
        self._hidden = hidden
        self._modes = modes
        self._made: dict[int, Curriculum] = {}

    def all(self, programs: Iterable[int]) -> dict[int, Curriculum]:
        return {program: self._curriculum(program) for program in programs}

    def _curriculum(self, program: int) -> Curriculum:
        made = self._made.get(program)
        if made is None:
            made = self._made[program] = Curriculum(program, self._tree(program), self._modes.get(program, {}))
        return made

    def _tree(self, program: int) -> Requirement | None:
        below: dict[int | None, list[Row]] = {}
        for row in self._nodes.get(program, ()):
            below.setdefault(row[3], []).append(row)
        roots = below.get(None, ())
        return self._requirement(roots[0], below) if roots else None

    def _requirement(self, row: Row, below: Mapping[int | None, Sequence[Row]]) -> Requirement:
        _, _, id_, _, sequence, kind, minimum, course, required = row
        is_shown = required is not None and required in self._nodes and required not in self._hidden
        return Requirement(
            position=sequence,
            kind=RequirementKind(kind),
            minimum=minimum,
            course_id=course,
            program=self._curriculum(required) if is_shown else None,
            program_id=required,
            children=tuple(self._requirement(child, below) for child in below.get(id_, ())),
        )


class Curricula:
    """Curricula that a process keeps: they are read again when the revision of a program within them is another one.

    What changes without one, the dates of runs, is read again after some seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[int, _Kept] = {}

    async def of(self, fetch: Fetch, programs: Collection[int]) -> dict[int, Curriculum]:
        """What each of the programs requires."""
        kept = {program: self._kept[program] for program in programs if program in self._kept}
        within = {id_ for each in kept.values() for id_ in each.revisions}
        revisions = dict(map(tuple, await fetch(REVISIONS, sorted({*programs, *within}))))
        now = self._clock()
        found = {program: each.curriculum for program, each in kept.items() if each.is_valid(revisions, now)}
        missing = [program for program in programs if program not in found]
        if missing:
            made = await curricula(fetch, missing)
            await self._keep(fetch, made, revisions, now)
            found |= made
        return found

    async def _keep(self, fetch: Fetch, made: Mapping[int, Curriculum], revisions: dict[int, int], now: float) -> None:
        if len(self._kept) > MOST_KEPT:
            self._kept.clear()
        within = {program: set(_programs_in(curriculum)) for program, curriculum in made.items()}
        unread = set().union(*within.values()) - revisions.keys()
        if unread:
            revisions |= dict(map(tuple, await fetch(REVISIONS, sorted(unread))))
        for program, curriculum in made.items():
            self._kept[program] = _Kept(curriculum, {id_: revisions[id_] for id_ in within[program]}, now)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A curriculum, the revisions of the programs in it, and when it was read."""

    curriculum: Curriculum
    revisions: Mapping[int, int]
    read_at: float

    def is_valid(self, revisions: Mapping[int, int], now: float) -> bool:
        is_recent = now - self.read_at < FRESH_SECONDS
        return is_recent and all(revisions.get(id_) == revision for id_, revision in self.revisions.items())


def _programs_in(curriculum: Curriculum) -> Iterator[int]:
    """The programs that a curriculum depends on: itself, and those that it requires, shown to learners or not."""
    yield curriculum.program_id
    yield from _required_in(curriculum.root)


def _required_in(node: Requirement | None) -> Iterator[int]:
    if node is None:
        return
    if node.program_id is not None:
        yield node.program_id
    if node.program is not None:
        yield from _programs_in(node.program)
    for child in node.children:
        yield from _required_in(child)


async def records(fetch: Fetch, usernames: Collection[str]) -> dict[str, Record]:
    """The active enrollments and the certificates of each learner."""
    names = sorted(usernames)
    enrollments: dict[str, dict[str, Enrolled]] = {name: {} for name in names}
    certificates: dict[str, dict[str, Certified]] = {name: {} for name in names}
    for name, key, mode, at in await fetch(ENROLLMENTS, names):
        enrollments[name][key] = Enrolled(mode, moment(at))
    for name, key, mode, is_passing, grade, url, at, course in await fetch(CERTIFICATES, names):
        certificates[name][key] = Certified(mode, bool(is_passing), grade, url, moment(at), course)
    return {name: Record(enrollments[name], certificates[name]) for name in names}


def moment(value: int | None) -> datetime | None:
    """An instant of microseconds since 1970."""
    return None if value is None else instant(value)
