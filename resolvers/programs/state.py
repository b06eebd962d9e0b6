"""A stored program as a draft again: what it is, in the keys that the outside knows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from db.tables import (
    Course,
    CourseRun,
    Organization,
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
    RequirementKind,
)
from resolvers.programs.drafts import (
    CategoryDraft,
    CourseLeaf,
    Group,
    ProgramDraft,
    ProgramLeaf,
    Requirement,
    RunModeDraft,
)


async def locked_program(session: AsyncSession, uuid: UUID) -> Program | None:
    """The program with its parts, locked against other writers; None for none and for a deleted one."""
    parts = (Program.organizations, Program.requirements, Program.run_modes)
    query = select(Program).where(Program.uuid == str(uuid)).with_for_update()
    query = query.options(*(selectinload(part) for part in parts)).execution_options(populate_existing=True)
    program = (await session.execute(query)).scalar_one_or_none()
    return None if program is None or program.status is ProgramStatus.DELETED else program


async def draft_of(session: AsyncSession, program: Program) -> ProgramDraft:
    """The draft that a program would be made of as it is now."""
    return (await drafts_of(session, [program]))[program.id]


async def drafts_of(session: AsyncSession, programs: Sequence[Program]) -> dict[int, ProgramDraft]:
    """The drafts of programs by their ids, in a number of statements that does not grow with them."""
    ids = [program.id for program in programs]
    categories = {
        category.id: CategoryDraft(category.slug, category.display_name)
        for category in await session.scalars(select(ProgramCategory))
    }
    organizations, requirements, run_modes = (
        await _organizations(session, ids), await _requirements(session, ids), await _run_modes(session, ids),
    )  # fmt: skip
    return {
        program.id: ProgramDraft(
            UUID(program.uuid),
            program.name,
            categories[program.category_id],
            subtitle=program.subtitle,
            description=program.description,
            status=program.status,
            marketing_slug=program.marketing_slug,
            image_url=program.image_url,
            organizations=tuple(organizations.get(program.id, ())),
            requirements=requirements.get(program.id, ()),
            run_modes=tuple(run_modes.get(program.id, ())),
        )
        for program in programs
    }


async def _organizations(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[str]]:
    of = ProgramOrganization
    query = select(of.program_id, Organization.key).join(Organization, Organization.id == of.organization_id)
    found: dict[int, list[str]] = {}
    for program, key in await session.execute(query.where(of.program_id.in_(ids)).order_by(of.position)):
        found.setdefault(program, []).append(key)
    return found


async def _run_modes(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[RunModeDraft]]:
    mode = ProgramCourseRunMode
    query = select(mode.program_id, CourseRun.key, mode.mode_slug, mode.sku)
    query = query.join(CourseRun, CourseRun.id == mode.course_run_id).where(mode.program_id.in_(ids)).order_by(mode.id)
    found: dict[int, list[RunModeDraft]] = {}
    for program, *row in await session.execute(query):
        found.setdefault(program, []).append(RunModeDraft(*row))
    return found


async def _requirements(session: AsyncSession, ids: Sequence[int]) -> dict[int, tuple[Requirement, ...]]:
    node, required = ProgramRequirement, aliased(Program)
    query = (
        select(
            node.program_id, node.id, node.parent_id, node.kind, node.title, node.minimum, node.is_elective,
            Course.readable_id, required.uuid,
        )
        .outerjoin(Course, Course.id == node.course_id)
        .outerjoin(required, required.id == node.required_program_id)
        .where(node.program_id.in_(ids))
        .order_by(node.program_id, node.sequence)
    )  # fmt: skip
    below: dict[int | None, list[Any]] = {}
    for row in await session.execute(query):
        below.setdefault(row.parent_id, []).append(row)
    return {root.program_id: _children(root.id, below) for root in below.get(None, ())}


def _children(parent: int, below: dict[int | None, list[Any]]) -> tuple[Requirement, ...]:
    return tuple(_requirement(row, below) for row in below.get(parent, ()))


def _requirement(row: Any, below: dict[int | None, list[Any]]) -> Requirement:
    match row.kind:
        case RequirementKind.COURSE:
            return CourseLeaf(row.readable_id)
        case RequirementKind.PROGRAM:
            return ProgramLeaf(UUID(row.uuid))
        case _:
            return Group(_children(row.id, below), row.minimum, row.title, row.is_elective)


def is_flat(requirements: Sequence[Requirement]) -> bool:
    """Whether all that is required is a list of courses."""
    return all(isinstance(requirement, CourseLeaf) for requirement in requirements)


def as_json(draft: ProgramDraft) -> dict[str, Any]:
    """A draft as the audit log and exported files have it."""
    return {
        "name": draft.name,
        "subtitle": draft.subtitle,
        "description": draft.description,
        "category": draft.category.slug,
        "status": draft.status.value,
        "marketingSlug": draft.marketing_slug,
        "imageUrl": draft.image_url,
        "organizations": list(draft.organizations),
        "requirements": [requirement_json(requirement) for requirement in draft.requirements],
        "runModes": [{"run": mode.run, "mode": mode.mode, "sku": mode.sku} for mode in draft.run_modes],
    }


def requirement_json(requirement: Requirement) -> dict[str, Any]:
    """A requirement and all below it."""
    match requirement:
        case CourseLeaf(course):
            return {"course": course}
        case ProgramLeaf(program):
            return {"program": str(program)}
        case Group(children, minimum, title, is_elective):  # pragma: no branch -- there are no others
            return {
                "title": title,
                "minimum": minimum,
                "isElective": is_elective,
                "requirements": [requirement_json(child) for child in children],
            }
