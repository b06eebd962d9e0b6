"""Learners' associations with programs (`spec/programs.md`, "ProgramUser"): how they come about, and how they end.

They come about lazily, from active enrollments in runs of active programs, and stay: nothing but the learner or an
administrator ends one. One that was ended is found, and so not made again, until an administrator restores it.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import String, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import inserting
from db.tables import (
    CourseRun,
    LearnerEnrollment,
    Program,
    ProgramCourseRunMode,
    ProgramStatus,
    ProgramUser,
    ProgramUserSource,
    ProgramUserStatus,
    now,
)
from db.types import Instant
from edx.learners import is_possible
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.errors import Forbidden, NotFound
from resolvers.learners.copies import touch
from resolvers.refusals import Problem, Reason, Refusal

MOST_AT_ONCE = 1000
"""Learners that are registered with one mutation."""

ACTIVE, COMPLETED, DELETED = ProgramUserStatus.ACTIVE, ProgramUserStatus.COMPLETED, ProgramUserStatus.DELETED


async def associate(session: AsyncSession, usernames: Collection[str], source: ProgramUserSource) -> None:
    """Associate these learners with the active programs that they are actively enrolled in, as far as is known here.

    What exists is left as it is, whatever its status. The programs are locked against a change of status meanwhile.
    """
    enrolled, mode = LearnerEnrollment, ProgramCourseRunMode
    moment = literal(now(), Instant())
    found = (
        select(
            enrolled.username, Program.id, literal(ACTIVE.value, String()), literal(source.value, String()), moment,
            moment,
        )
        .join(CourseRun, CourseRun.key == enrolled.course_key)
        .join(mode, mode.course_run_id == CourseRun.id)
        .join(Program, Program.id == mode.program_id)
        .where(enrolled.username.in_(sorted(usernames)), enrolled.is_active, Program.status == ProgramStatus.ACTIVE)
        .with_for_update(read=True, of=Program)
    )  # fmt: skip
    columns = ["username", "program_id", "status", "source", "created_at", "updated_at"]
    await session.execute(inserting(session, ProgramUser).from_select(columns, found).on_conflict_do_nothing())
    await touch(session, usernames)


async def leave(session: AsyncSession, viewer: Viewer, program: UUID) -> str:
    """End the viewer's own association, for good as far as the viewer is concerned. Raises NotFound."""
    found = await _association(session, program, viewer.username or "")
    if found is None or found.status is DELETED:
        raise NotFound("you are not associated with this program")
    return await _move(session, viewer, "leave", found, program, DELETED)


async def remove(session: AsyncSession, viewer: Viewer, program: UUID, username: str) -> str:
    """End a learner's association, as an administrator. Raises Forbidden and NotFound."""
    found = await _managed(session, viewer, program, username)
    if found.status is DELETED:
        raise NotFound("there is no such association")
    return await _move(session, viewer, "remove", found, program, DELETED)


async def restore(session: AsyncSession, viewer: Viewer, program: UUID, username: str) -> str:
    """Bring back an association that was ended; one that was not stays as it is. Raises Forbidden and NotFound."""
    found = await _managed(session, viewer, program, username)
    if found.status is not DELETED:
        return str(program)
    status = COMPLETED if found.completed_at is not None else ACTIVE
    return await _move(session, viewer, "restore", found, program, status)


async def register(session: AsyncSession, viewer: Viewer, program: UUID, usernames: Sequence[str]) -> int:
    """Associate learners with an active program, as commerce does when it fulfils an order; returns how many are new.

    Associations that are there, or were ended, are left as they are. Raises Forbidden, NotFound and Refusal.
    """
    _require(viewer)
    _check_names(usernames)
    found = await _active_program(session, program)
    names, of = sorted(set(usernames)), ProgramUser
    known = set(await session.scalars(select(of.username).where(of.program_id == found.id, of.username.in_(names))))
    new = [name for name in names if name not in known]
    if not new:
        return 0
    moment = now()
    rows = [
        {
            "username": name, "program_id": found.id, "status": ACTIVE, "source": ProgramUserSource.REGISTRATION.value,
            "created_at": moment, "updated_at": moment,
        }
        for name in new
    ]  # fmt: skip
    await session.execute(inserting(session, ProgramUser).on_conflict_do_nothing(), rows)
    await touch(session, new)
    record(session, viewer, "register", f"Program:{program}", {"users": (None, new)}, program_id=found.id)
    return len(new)


async def _active_program(session: AsyncSession, uuid: UUID) -> Program:
    """The program, locked against a change of status."""
    query = select(Program).where(Program.uuid == str(uuid), Program.status != ProgramStatus.DELETED)
    found = await session.scalar(query.with_for_update(read=True))
    if found is None:
        raise NotFound("there is no such program")
    if found.status is not ProgramStatus.ACTIVE:
        reason = f"the program is {found.status.value}; learners are registered in active ones only"
        raise Refusal([Problem(Reason.PROGRAM_NOT_ACTIVE, reason, ("program",))])
    return found


def _check_names(usernames: Sequence[str]) -> None:
    problems = [
        Problem(Reason.INVALID, f"{name[:50]!r} is no username of the LMS", ("usernames", str(position)))
        for position, name in enumerate(usernames)
        if not is_possible(name)
    ]
    if not usernames or len(usernames) > MOST_AT_ONCE:
        reason = f"{len(usernames)} usernames are not between 1 and {MOST_AT_ONCE}"
        problems = [Problem(Reason.INVALID, reason, ("usernames",))]
    if problems:
        raise Refusal(problems)


def _require(viewer: Viewer) -> None:
    if not viewer.may(Permission.MANAGE_LEARNERS):
        raise Forbidden("you may not manage the learners of programs")


async def _managed(session: AsyncSession, viewer: Viewer, program: UUID, username: str) -> ProgramUser:
    _require(viewer)
    found = await _association(session, program, username)
    if found is None:
        raise NotFound("there is no such association")
    return found


async def _association(session: AsyncSession, program: UUID, username: str) -> ProgramUser | None:
    query = select(ProgramUser).join(Program, Program.id == ProgramUser.program_id)
    query = query.where(
        Program.uuid == str(program), Program.status != ProgramStatus.DELETED, ProgramUser.username == username
    )
    found: ProgramUser | None = await session.scalar(query.with_for_update(of=ProgramUser))
    return found


async def _move(  # noqa: PLR0917 -- what a change of status consists of
    session: AsyncSession, viewer: Viewer, action: str, user: ProgramUser, program: UUID, to: ProgramUserStatus
) -> str:
    change = (user.status.value, to.value)
    record(session, viewer, action, f"Program:{program}", {user.username: change}, program_id=user.program_id)
    user.status = to
    await touch(session, [user.username])
    return str(program)
