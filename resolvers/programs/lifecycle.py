"""The lifecycle of programs: which status may follow which, who may do it, and what a program needs first.

`spec/programs.md`, "Program Lifecycle". Where the specification is silent, a program that learners have seen is never
hidden from them but by deletion, and a retired one may be published again, to undo a mistake.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import (
    Course,
    CourseRun,
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramRequirement,
    ProgramStatus,
    ProgramUser,
)
from resolvers.access import Permission
from resolvers.programs.drafts import ProgramDraft
from resolvers.refusals import Problem, Reason, Refusal

UNPUBLISHED, ACTIVE, RETIRED = ProgramStatus.UNPUBLISHED, ProgramStatus.ACTIVE, ProgramStatus.RETIRED

TRANSITIONS: Mapping[tuple[ProgramStatus, ProgramStatus], Permission] = {
    (UNPUBLISHED, ACTIVE): Permission.PUBLISH_PROGRAMS,
    (ACTIVE, UNPUBLISHED): Permission.CHANGE_PROGRAMS,
    (ACTIVE, RETIRED): Permission.CHANGE_PROGRAMS,
    (RETIRED, ACTIVE): Permission.PUBLISH_PROGRAMS,
}
"""The permission that each change of status needs; the others are refused. Any program may be deleted."""


@dataclass(frozen=True)
class Rules:
    """What an installation decides. `max_organizations` of a program: 0 is any number."""

    max_organizations: int = 1
    is_publishing_checked: bool = True


class Lack(StrEnum):
    """What a program needs before it can be published."""

    NO_COURSE = "NO_COURSE"
    NO_MARKETING_SLUG = "NO_MARKETING_SLUG"
    NO_ORGANIZATION = "NO_ORGANIZATION"
    COURSE_WITHOUT_RUN = "COURSE_WITHOUT_RUN"
    REQUIRED_PROGRAM_HIDDEN = "REQUIRED_PROGRAM_HIDDEN"
    RUN_UNAVAILABLE = "RUN_UNAVAILABLE"


@dataclass(frozen=True)
class Shortcoming:
    """One thing that a program lacks, and where in it."""

    code: Lack
    message: str
    path: tuple[str, ...]


async def check_transition(session: AsyncSession, program: Program, to: ProgramStatus, rules: Rules) -> None:
    """Raise Refusal unless `program`, whose row is locked and whose parts are written, may become `to`."""
    before = program.status
    if (before, to) not in TRANSITIONS:
        raise Refusal(
            [Problem(Reason.BAD_TRANSITION, f"{before.value} programs cannot become {to.value}", ("status",))]
        )
    if to is UNPUBLISHED and await has_users(session, program.id):
        reason = "learners are associated with the program; retire it instead"
        raise Refusal([Problem(Reason.HAS_USERS, reason, ("status",))])
    if to is ACTIVE and rules.is_publishing_checked:
        lacking = await shortcomings(session, program.id)
        if lacking:
            reason = "; ".join(each.message for each in lacking)
            data = {"reasons": lacking}
            raise Refusal([Problem(Reason.NOT_PUBLISHABLE, f"it cannot be published: {reason}", ("status",), data)])


async def has_users(session: AsyncSession, program_id: int) -> bool:
    """Whether learners are, or were, associated with a program: "no Users have yet been associated"."""
    return bool(await session.scalar(select(exists().where(ProgramUser.program_id == program_id))))


async def shortcomings(session: AsyncSession, program_id: int) -> list[Shortcoming]:
    """All that a program lacks before it can be published."""
    program = await session.get_one(Program, program_id)
    category = await session.get_one(ProgramCategory, program.category_id)
    await session.refresh(program, ["organizations", "requirements"])
    lacking: list[Shortcoming] = []
    if not program.organizations:
        lacking.append(Shortcoming(Lack.NO_ORGANIZATION, "it has no organization", ("organizations",)))
    if not any(node.course_id or node.required_program_id for node in program.requirements):
        lacking.append(Shortcoming(Lack.NO_COURSE, "it has no course", ("courses",)))
    if category.needs_marketing_slug and not program.marketing_slug:
        reason = f"active {category.display_name} programs must have a marketing slug"
        lacking.append(Shortcoming(Lack.NO_MARKETING_SLUG, reason, ("marketingSlug",)))
    lacking.extend(await _without_run(session, program_id))
    lacking.extend(await _unavailable(session, program_id))
    lacking.extend(await _hidden(session, program_id))
    return lacking


async def _without_run(session: AsyncSession, program_id: int) -> list[Shortcoming]:
    node, mode, run = ProgramRequirement, ProgramCourseRunMode, CourseRun
    has_run = exists().where(mode.program_id == program_id, mode.course_run_id == run.id, run.course_id == Course.id)
    query = select(Course.readable_id).join(node, node.course_id == Course.id).where(node.program_id == program_id)
    keys = await session.scalars(query.where(~has_run).order_by(node.sequence))
    return [Shortcoming(Lack.COURSE_WITHOUT_RUN, f"the course {key} has no run", ("courses", key)) for key in keys]


async def _unavailable(session: AsyncSession, program_id: int) -> list[Shortcoming]:
    mode = ProgramCourseRunMode
    query = select(CourseRun.key).join(mode, mode.course_run_id == CourseRun.id).distinct()
    query = query.where(mode.program_id == program_id, mode.is_unavailable.is_(True)).order_by(CourseRun.key)
    return [
        Shortcoming(Lack.RUN_UNAVAILABLE, f"the LMS does not offer the run {key} any more", ("runModes", key))
        for key in await session.scalars(query)
    ]


async def _hidden(session: AsyncSession, program_id: int) -> list[Shortcoming]:
    node = ProgramRequirement
    query = select(Program.name, Program.uuid).join(node, node.required_program_id == Program.id)
    query = query.where(node.program_id == program_id, Program.status.not_in([ACTIVE, RETIRED])).order_by(node.sequence)
    return [
        Shortcoming(Lack.REQUIRED_PROGRAM_HIDDEN, f"learners do not see the program {name!r}", ("requirements", uuid))
        for name, uuid in await session.execute(query)
    ]


def removed_runs(before: ProgramDraft, after: ProgramDraft) -> list[str]:
    """The runs that a change takes out of a program."""
    kept = {mode.run for mode in after.run_modes}
    return list(dict.fromkeys(mode.run for mode in before.run_modes if mode.run not in kept))


def frozen_problems(before: ProgramDraft, after: ProgramDraft) -> Iterator[Problem]:
    """What a change takes from a program that learners see, or must not change of it any more."""
    if before.status is UNPUBLISHED:
        return
    for run in removed_runs(before, after):
        yield Problem(
            Reason.PROGRAM_ACTIVE, f"the program is {before.status.value}: it keeps the run {run}", ("runModes",)
        )
    for field, name, old, new in _fixed(before, after):
        if old != new:
            yield Problem(Reason.PROGRAM_ACTIVE, f"the program is {before.status.value}: it keeps its {name}", (field,))


def _fixed(before: ProgramDraft, after: ProgramDraft) -> Sequence[tuple[str, str, object, object]]:
    return (
        ("category", "category", before.category.slug, after.category.slug),
        ("organizations", "organizations", set(before.organizations), set(after.organizations)),
    )
