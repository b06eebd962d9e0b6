"""The lifecycle of programs: which status may follow which, who may do it, and what a program needs first.

`spec/programs.md`, "Program Lifecycle". Where the specification is silent, a program that learners have seen is never
hidden from them but by deletion, and a retired one may be published again, to undo a mistake.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, ColumnElement, Select, String, cast, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.tables import (
    Course,
    CourseRun,
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
    ProgramUser,
)
from db.types import any_of
from resolvers.access import Permission
from resolvers.plan.sources import Batch
from resolvers.plan.statements import KEYS, keys_parameter, rows_for
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
    """What an installation decides.

    `max_organizations` of a program: 0 is any number. `is_course_exclusive`: a course may be in one program only.
    """

    max_organizations: int = 1
    is_course_exclusive: bool = False
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
            raise Refusal([_not_publishable(lacking, "status")])


def _not_publishable(lacking: Sequence[Shortcoming], field: str) -> Problem:
    reason = "; ".join(each.message for each in lacking)
    return Problem(Reason.NOT_PUBLISHABLE, f"it cannot be published: {reason}", (field,), {"reasons": lacking})


def lost_slug(before: ProgramDraft, after: ProgramDraft, category: ProgramCategory, rules: Rules) -> Iterator[Problem]:
    """What an active program would lack by a change of its own columns: a marketing slug, where its kind needs one."""
    is_lost = bool(before.marketing_slug) and not after.marketing_slug
    if rules.is_publishing_checked and before.status is ACTIVE and category.needs_marketing_slug and is_lost:
        yield _not_publishable([told(Lack.NO_MARKETING_SLUG, category.display_name)], "marketingSlug")


async def has_users(session: AsyncSession, program_id: int) -> bool:
    """Whether learners are, or were, associated with a program: "no Users have yet been associated"."""
    return bool(await session.scalar(select(exists().where(ProgramUser.program_id == program_id))))


async def shortcomings(session: AsyncSession, program_id: int) -> list[Shortcoming]:
    """All that a program lacks before it can be published."""
    return [
        told(lack, text) for lack, query in LACKING.items()
        for _, text in await session.execute(query, {KEYS: [program_id]})
    ]  # fmt: skip


def told(lack: Lack, text: str) -> Shortcoming:
    """A row of one of the queries of `LACKING` as a shortcoming."""
    message, field, names = TOLD[lack]
    return Shortcoming(lack, message.format(text), (field, text) if names else (field,))


TOLD: Mapping[Lack, tuple[str, str, bool]] = {
    Lack.NO_ORGANIZATION: ("it has no organization", "organizations", False),
    Lack.NO_COURSE: ("it has no course", "courses", False),
    Lack.NO_MARKETING_SLUG: ("active {} programs must have a marketing slug", "marketingSlug", False),
    Lack.COURSE_WITHOUT_RUN: ("the course {} has no run in the program", "courses", True),
    Lack.RUN_UNAVAILABLE: ("the LMS does not offer the run {} any more", "runModes", True),
    Lack.REQUIRED_PROGRAM_HIDDEN: ("learners do not see a program that it requires", "requirements", True),
}
"""What is said of each, the field that it is about, and whether the path goes on: with a key, or with the position of a
requirement, since whoever asks may not know the program that is required."""


def _of_these(column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return any_of(column, keys_parameter(BigInteger()))


def _lacking() -> dict[Lack, Select[int, str]]:
    node, mode, run, required = ProgramRequirement, ProgramCourseRunMode, aliased(CourseRun), aliased(Program)
    of, these = ProgramOrganization, _of_these(Program.id)
    asks = or_(node.course_id.is_not(None), node.required_program_id.is_not(None))
    has_run = exists().where(
        mode.program_id == node.program_id, mode.course_run_id == run.id, run.course_id == node.course_id
    )
    return {
        Lack.NO_ORGANIZATION: select(Program.id, Program.uuid).where(
            these, ~exists().where(of.program_id == Program.id)
        ),
        Lack.NO_COURSE: select(Program.id, Program.uuid).where(
            these, ~exists().where(node.program_id == Program.id, asks)
        ),
        Lack.NO_MARKETING_SLUG: select(Program.id, ProgramCategory.display_name)
        .join(ProgramCategory, ProgramCategory.id == Program.category_id)
        .where(these, ProgramCategory.needs_marketing_slug.is_(True), Program.marketing_slug == ""),
        Lack.COURSE_WITHOUT_RUN: select(node.program_id, Course.readable_id)
        .join(Course, Course.id == node.course_id)
        .where(_of_these(node.program_id), ~has_run)
        .order_by(node.sequence),
        Lack.RUN_UNAVAILABLE: select(mode.program_id, run.key)
        .join(run, run.id == mode.course_run_id)
        .where(_of_these(mode.program_id), mode.is_unavailable.is_(True))
        .order_by(run.key)
        .distinct(),
        Lack.REQUIRED_PROGRAM_HIDDEN: select(node.program_id, cast(node.sequence, String()))
        .join(required, required.id == node.required_program_id)
        .where(_of_these(node.program_id), required.status != ACTIVE, required.status != RETIRED)
        .order_by(node.sequence),
    }


LACKING: Mapping[Lack, Select[int, str]] = _lacking()
"""For each shortcoming the programs among some that have it, with the key or position of what it is about."""


async def load_shortcomings(batch: Batch) -> dict[int, list[Shortcoming]]:
    """What each of the programs with these ids lacks: a batch source."""
    found: dict[int, list[Shortcoming]] = {key: [] for key in batch.keys}
    context = batch.context
    for lack, query in LACKING.items():
        for program, text in await rows_for(context.snapshot, context.database.dialect, query, batch.keys):
            found[program].append(told(lack, text))
    return found


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
