"""Progress as the fields of GraphQL have it: records for many learners and programs at once, from a few statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, cast, select

from db.tables import LearnerEnrollment, ProgramUser, ProgramUserStatus
from db.types import any_of, micros
from resolvers.access import VIEWER
from resolvers.learners.curricula import from_snapshot, moment, records
from resolvers.learners.links import Links
from resolvers.learners.mirror import Kind, Standing
from resolvers.learners.rules import (
    ActionKind,
    CourseProgress,
    ProgramProgress,
    RequirementProgress,
    program_progress,
)
from resolvers.learners.service import permit_username, some_username, standings
from resolvers.plan.sources import Batch, Expression
from resolvers.plan.statements import keys_parameter, rows_for

BOTH = (Kind.ENROLLMENTS, Kind.CERTIFICATES)

ASSOCIATION: Expression = cast(ProgramUser.program_id, String()) + ":" + ProgramUser.username
"""The key of progress: a program and a learner."""


OWN_ENROLLMENTS = select(
    LearnerEnrollment.course_key, LearnerEnrollment.mode, micros(LearnerEnrollment.enrolled_at)
).where(
    LearnerEnrollment.username == bindparam(VIEWER, type_=String()),
    LearnerEnrollment.is_active,
    any_of(LearnerEnrollment.course_key, keys_parameter(String())),
)
ASSOCIATIONS = select(ProgramUser.program_id, ProgramUser.id).where(
    ProgramUser.username == bindparam(VIEWER, type_=String()),
    ProgramUser.status != ProgramUserStatus.DELETED,
    any_of(ProgramUser.program_id, keys_parameter(BigInteger())),
)
"""Associations of the learner who is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class ActionShown:
    """Something that a learner could do now, and the page for it."""

    kind: ActionKind
    course_id: int
    course_key: str
    mode: str
    url: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How far a learner is in a program, as it is shown, and as of when that is."""

    progress: ProgramProgress
    standing: Standing
    links: Links

    @property
    def is_completed(self) -> bool:
        """Whether all that the program requires is done."""
        return self.progress.is_completed

    @property
    def needed(self) -> int:
        """The courses that have to be completed."""
        return self.progress.needed

    @property
    def done(self) -> int:
        """Those of them that are completed."""
        return self.progress.done

    @property
    def courses(self) -> tuple[CourseProgress, ...]:
        """The courses."""
        return self.progress.courses

    @property
    def requirements(self) -> tuple[RequirementProgress, ...]:
        """The nodes of the tree."""
        return self.progress.requirements

    @property
    def actions(self) -> tuple[ActionShown, ...]:
        """What the learner could do now."""
        return tuple(
            ActionShown(each.kind, each.course_id, each.course_key, each.mode, self.links.of(each))
            for each in self.progress.actions
        )

    @property
    def enrollments_at(self) -> datetime | None:
        """As of when the enrollments are."""
        return self.standing.enrollments_at

    @property
    def certificates_at(self) -> datetime | None:
        """As of when the certificates are."""
        return self.standing.certificates_at

    @property
    def is_stale(self) -> bool:
        """Whether the LMS should have been asked again but did not answer."""
        return self.standing.is_stale


@dataclass(frozen=True, slots=True, eq=False)
class InProgram:
    """A learner as seen from a program, associated with it or not."""

    username: str
    association: int | None
    progress: Progress


@dataclass(frozen=True, slots=True, eq=False)
class OwnEnrollment:
    """An active enrollment of whoever asks."""

    mode: str
    is_active: bool
    enrolled_at: datetime | None


async def measured(context: Any, usernames: Sequence[str]) -> None:
    """Bring learners' certificates up to date before their associations are read, which they may complete."""
    await standings(context, usernames, BOTH)


async def load_progress(batch: Batch) -> dict[str, Progress]:
    """The progress of associations, by `ASSOCIATION`: a batch source."""
    wanted = {key: _parts(key) for key in batch.keys}
    found = await _progress(batch.context, set(wanted.values()))
    return {key: found[parts] for key, parts in wanted.items()}


def _parts(key: str) -> tuple[int, str]:
    program, _, username = key.partition(":")
    return int(program), username


async def load_learner(batch: Batch) -> dict[int, InProgram]:
    """One learner in each of the programs with these ids, by default whoever asks: a batch source. Raises Forbidden."""
    context = batch.context
    username = some_username(batch.arguments.get("username") or context.viewer.username)
    permit_username(username, context.viewer.username, context.request.permissions)
    found = await _progress(context, {(program, username) for program in batch.keys})
    rows = await rows_for(context.snapshot, context.database.dialect, ASSOCIATIONS, batch.keys, username)
    associations = {row[0]: row[1] for row in rows}
    return {program: InProgram(username, associations.get(program), found[program, username]) for program in batch.keys}


async def _progress(context: Any, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], Progress]:
    usernames = sorted({username for _, username in wanted})
    standing = await standings(context, usernames, BOTH)
    fetch = from_snapshot(context.snapshot, context.database.dialect)
    programs = await context.learners.curricula.of(fetch, {program for program, _ in wanted})
    known = await records(fetch, usernames)
    now, links = context.learners.clock(), context.learners.links
    return {
        (program, name): Progress(program_progress(programs[program], known[name], now), standing[name], links)
        for program, name in wanted
    }


async def load_own_enrollments(batch: Batch) -> Mapping[str, OwnEnrollment]:
    """The active enrollments of whoever asks in the runs with these keys: a batch source."""
    context = batch.context
    username = context.viewer.username
    await standings(context, [username], [Kind.ENROLLMENTS])
    rows = await rows_for(context.snapshot, context.database.dialect, OWN_ENROLLMENTS, batch.keys, username)
    return {key: OwnEnrollment(mode, is_active=True, enrolled_at=moment(at)) for key, mode, at in rows}
