"""Loading programs from drafts: all or none, and nothing is written where a program is already as its draft says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from db.engine import Database
from db.tables import (
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    RequirementKind,
)
from resolvers.catalog.report import Outcome, Report
from resolvers.programs.drafts import CategoryDraft, ProgramDraft, nodes_of
from resolvers.programs.errors import BadDraft, NameTaken
from resolvers.programs.references import References, check_circles, find_references

NodeRow = tuple[int, int, int | None, RequirementKind, str, int | None, bool, int | None, int | None]
"""Sequence, depth, the parent's sequence, kind, title, minimum, elective or not, ids of the course and the program."""


@dataclass(frozen=True)
class Parts:
    """What belongs to a program in other tables: organizations in order, the tree, run modes (run, mode, SKU)."""

    organizations: tuple[int, ...]
    nodes: tuple[NodeRow, ...]
    run_modes: frozenset[tuple[int, str, str]]


async def load_programs(database: Database, drafts: Sequence[ProgramDraft]) -> Report:
    """Make each program as its draft says, known ones by their UUID, in one transaction.

    Statuses are set as they are given: the rules of the lifecycle are not asked. Raises DraftError for the first draft
    that no program can be made of, and then nothing is written; raises DatabaseError.
    """
    async with database.writing() as session:
        return await load(session, drafts)


async def load(session: AsyncSession, drafts: Sequence[ProgramDraft]) -> Report:
    """As `load_programs`, in the transaction of the session."""
    references = await checked(session, drafts)
    categories = await put_categories(session, [draft.category for draft in drafts])
    known = await known_programs(session, drafts)
    programs = [known.get(draft.uuid) or Program(uuid=str(draft.uuid), revision=0) for draft in drafts]
    for program, draft in zip(programs, drafts, strict=True):
        set_columns(program, draft, categories)
    session.add_all(programs)
    changed = {program.uuid for program in programs if session.is_modified(program)}
    await session.flush()  # trees name the ids of other programs
    ids = references.programs | {UUID(program.uuid): program.id for program in programs}
    report = Report("programs")
    for program, draft in zip(programs, drafts, strict=True):
        before = parts_of(program) if draft.uuid in known else None
        after = wanted_parts(draft, references, ids)
        if before != after:
            await replace_parts(session, program.id, after)
        if is_changed := program.uuid in changed or before != after:
            program.revision += 1
        report.add(Outcome.CREATED if before is None else Outcome.UPDATED if is_changed else Outcome.UNCHANGED)
    return report


async def checked(session: AsyncSession, drafts: Sequence[ProgramDraft]) -> References:
    """What the drafts name, found; raises DraftError."""
    for draft in drafts:
        draft.check()
    uuids = [draft.uuid for draft in drafts]
    folded = [draft.name.casefold() for draft in drafts]
    for i, draft in enumerate(drafts):
        if draft.uuid in uuids[:i]:
            raise BadDraft(draft.name, f"its UUID {draft.uuid} is that of another draft")
        if folded[i] in folded[:i]:
            raise NameTaken(draft.name)
    query = select(Program.name_folded).where(Program.name_folded.in_(folded), Program.uuid.not_in(map(str, uuids)))
    taken = set((await session.execute(query)).scalars())
    references = await find_references(session, drafts)
    for draft in drafts:
        if draft.name.casefold() in taken:
            raise NameTaken(draft.name)
        references.check(draft)
    await check_circles(session, drafts)
    return references


async def put_categories(session: AsyncSession, drafts: Iterable[CategoryDraft]) -> dict[str, int]:
    """The ids of the categories by slug; missing ones are made, renamed ones renamed."""
    names = {draft.slug.lower(): draft.display_name for draft in drafts}
    query = select(ProgramCategory).where(ProgramCategory.slug.in_(names))
    known = {category.slug: category for category in (await session.execute(query)).scalars()}
    categories = [known.get(slug) or ProgramCategory(slug=slug) for slug in names]
    for category in categories:
        category.display_name = names[category.slug]
    session.add_all(categories)
    await session.flush()
    return {category.slug: category.id for category in categories}


async def known_programs(session: AsyncSession, drafts: Sequence[ProgramDraft]) -> dict[UUID, Program]:
    """The programs that the drafts are of, with all their parts, locked against other writers."""
    query = select(Program).where(Program.uuid.in_([str(draft.uuid) for draft in drafts])).order_by(Program.id)
    parts = (Program.organizations, Program.requirements, Program.run_modes)
    query = query.options(*(selectinload(part) for part in parts)).with_for_update(key_share=True)
    return {UUID(program.uuid): program for program in (await session.execute(query)).scalars()}


def set_columns(program: Program, draft: ProgramDraft, categories: dict[str, int]) -> None:
    """Put what the draft says into the program's own columns."""
    program.name = draft.name
    program.name_folded = draft.name.casefold()
    program.subtitle = draft.subtitle
    program.description = draft.description
    program.category_id = categories[draft.category.slug.lower()]
    program.status = draft.status
    program.marketing_slug = draft.marketing_slug
    program.image_url = draft.image_url


def parts_of(program: Program) -> Parts:
    """The parts that a program has."""
    organizations = sorted(program.organizations, key=lambda one: one.position)
    nodes = sorted(program.requirements, key=lambda one: one.sequence)
    sequences = {node.id: node.sequence for node in nodes}
    return Parts(
        tuple(one.organization_id for one in organizations),
        tuple(
            (
                node.sequence, node.depth, node.parent_id and sequences[node.parent_id], node.kind, node.title,
                node.minimum, node.is_elective, node.course_id, node.required_program_id,
            )
            for node in nodes
        ),
        frozenset((mode.course_run_id, mode.mode_slug, mode.sku) for mode in program.run_modes),
    )  # fmt: skip


def wanted_parts(draft: ProgramDraft, references: References, programs: dict[UUID, int]) -> Parts:
    """The parts that the draft says."""
    return Parts(
        tuple(references.organizations[key.casefold()] for key in draft.organizations),
        tuple(
            (
                node.sequence, node.depth, node.parent, node.kind, node.title, node.minimum, node.is_elective,
                references.courses[node.course] if node.course is not None else None,
                programs[node.program] if node.program is not None else None,
            )
            for node in nodes_of(draft)
        ),
        frozenset((references.runs[mode.run][0], mode.mode, mode.sku) for mode in draft.run_modes),
    )  # fmt: skip


async def replace_parts(session: AsyncSession, program_id: int, parts: Parts) -> None:
    """Delete the parts of a program and insert these; run modes that it keeps stay marked as unavailable."""
    mode = ProgramCourseRunMode
    marked = select(mode.course_run_id, mode.mode_slug).where(mode.program_id == program_id, mode.is_unavailable)
    unavailable = {tuple(row) for row in await session.execute(marked)}
    for table in (ProgramOrganization, ProgramRequirement, ProgramCourseRunMode):
        await session.execute(delete(table).where(table.program_id == program_id))
    session.add_all(
        ProgramOrganization(program_id=program_id, organization_id=id_, position=position)
        for position, id_ in enumerate(parts.organizations)
    )
    session.add_all(
        ProgramCourseRunMode(
            program_id=program_id, course_run_id=run, mode_slug=slug, sku=sku, is_unavailable=(run, slug) in unavailable
        )
        for run, slug, sku in sorted(parts.run_modes)
    )
    nodes: list[ProgramRequirement] = []
    for sequence, depth, parent, kind, title, minimum, is_elective, course, required in parts.nodes:
        node = ProgramRequirement(
            program_id=program_id, sequence=sequence, depth=depth, kind=kind, title=title, minimum=minimum,
            is_elective=is_elective, course_id=course, required_program_id=required,
        )  # fmt: skip
        if parent is not None:
            nodes[parent].children.append(node)
        nodes.append(node)
    session.add_all(nodes)
    await session.flush()
