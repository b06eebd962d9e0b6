"""Moving programs between installations: all of them into a file, and those of a file into the database.

An import obeys the rules that authors obey, all of it or nothing, and knows programs by UUID: the same file again
changes nothing. The LMS is not asked: `sync_run_modes` marks what it does not offer.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from db.tables import Organization, Program, ProgramCategory, ProgramCategoryMode, ProgramStatus
from resolvers.access import Permission, Viewer
from resolvers.audit import Changes, difference, record
from resolvers.catalog.report import Outcome
from resolvers.catalog.settling import settled
from resolvers.errors import Forbidden
from resolvers.programs.checks import Checks
from resolvers.programs.drafts import CategoryDraft, ProgramDraft
from resolvers.programs.files import Category, Document, Entry, leaves, normal_json, written
from resolvers.programs.lifecycle import TRANSITIONS, Rules, frozen_problems, has_users, shortcomings
from resolvers.programs.load import known_programs, load
from resolvers.programs.references import References, find_references, in_circles
from resolvers.programs.state import drafts_of
from resolvers.refusals import Problem, Reason, refuse_if

FIELDS = {"modeSlug": "mode"}
"""What files call the fields of inputs, where that differs."""


@dataclass(frozen=True)
class Imported:
    """What became of a program of a file: what each field was and became."""

    uuid: UUID
    name: str
    outcome: Outcome
    changes: Changes


class Rehearsed(Exception):
    """The end of a dry run, which undoes what it did."""

    def __init__(self, imported: Sequence[Imported]) -> None:
        self.imported = imported
        super().__init__("nothing was written")


async def export_programs(session: AsyncSession) -> bytes:
    """The file with all programs but deleted ones, by UUID, and all categories."""
    query = select(Program).where(Program.status != ProgramStatus.DELETED).order_by(Program.uuid)
    programs = (await session.scalars(query)).all()
    drafts = await drafts_of(session, programs)
    categories = await session.scalars(
        select(ProgramCategory).options(selectinload(ProgramCategory.modes)).order_by(ProgramCategory.slug)
    )
    return written([_category(each) for each in categories], [drafts[program.id] for program in programs])


def _category(category: ProgramCategory) -> Category:
    modes = tuple(sorted(mode.mode_slug for mode in category.modes))
    return Category(category.slug, category.display_name, category.needs_marketing_slug, modes)


def require_import(viewer: Viewer) -> None:
    """Raise Forbidden for viewers who may not import."""
    if not {Permission.CHANGE_PROGRAMS, Permission.PUBLISH_PROGRAMS} <= viewer.permissions:
        raise Forbidden("you may not import programs: that takes the permissions to change and to publish all of them")


@dataclass(frozen=True)
class Importer:
    """Whoever imports programs, in one transaction, under the rules of the installation."""

    session: AsyncSession
    viewer: Viewer
    rules: Rules

    async def run(self, document: Document, *, dry_run: bool = False) -> list[Imported]:
        """Make the programs of a file, or bring known ones up to date.

        Raises Forbidden, Refusal with all that is wrong, and after a dry run Rehearsed.
        """
        require_import(self.viewer)
        imported = await settled(self.session, lambda: self._run(document))
        if dry_run:
            raise Rehearsed(imported)
        return imported

    async def _run(self, document: Document) -> list[Imported]:
        await self._make_categories(document.categories)
        drafts = [entry.draft for entry in document.entries]
        known = await known_programs(self.session, drafts)
        states = await drafts_of(self.session, list(known.values()))
        befores = {uuid: states[program.id] for uuid, program in known.items()}
        references = await find_references(self.session, drafts)
        refuse_if([*document.problems, *[each async for each in self._problems(document, befores, references)]])
        drafts = await self._named(drafts, references)
        await load(self.session, drafts)
        ids = await self._ids(drafts)
        imported = [self._told(draft, befores.get(draft.uuid), ids[draft.uuid]) for draft in drafts]
        refuse_if([each async for each in self._unpublishable(document.entries, befores, ids)])
        return imported

    async def _make_categories(self, categories: Sequence[Category]) -> None:
        """Make the categories that there are not yet; those that there are stay as they are."""
        known = set(await self.session.scalars(select(ProgramCategory.slug)))
        new = {each.slug: each for each in categories if each.slug and each.slug not in known}
        self.session.add_all(
            ProgramCategory(
                slug=each.slug,
                display_name=each.display_name,
                needs_marketing_slug=each.needs_marketing_slug,
                modes=[ProgramCategoryMode(mode_slug=slug) for slug in sorted(set(each.modes))],
            )
            for each in new.values()
        )
        await self.session.flush()

    async def _problems(
        self, document: Document, befores: Mapping[UUID, ProgramDraft], references: References
    ) -> AsyncIterator[Problem]:
        """All that is wrong with the programs that could be read, each with its place in the file."""
        checks = Checks(self.session, self.rules)
        for problem in _twice(document.entries, self.rules):
            yield problem
        for entry in document.entries:
            if not entry.is_readable:
                continue
            before = befores.get(entry.draft.uuid)
            if before is not None and before.status is ProgramStatus.DELETED:
                reason = "a program of this UUID was deleted here"
                yield Problem(Reason.BAD_TRANSITION, reason, (*entry.place, "uuid"))
                continue
            for problem in await checks.problems(entry.draft, references, before):
                yield placed(problem, entry)
            if before is not None:
                for problem in await self._forbidden_changes(before, entry.draft):
                    yield placed(problem, entry)
        circular = await in_circles(self.session, [entry.draft for entry in document.entries])
        for entry in document.entries:
            if entry.draft in circular:
                reason = "it would require itself, directly or through others"
                yield Problem(Reason.PROGRAM_CYCLE, reason, (*entry.place, "requirements"))

    async def _forbidden_changes(self, before: ProgramDraft, after: ProgramDraft) -> list[Problem]:
        """What the lifecycle does not let become of a program that there is."""
        found = list(frozen_problems(before, after))
        if before.status is after.status:
            return found
        if (before.status, after.status) not in TRANSITIONS:
            reason = f"{before.status.value} programs cannot become {after.status.value}"
            found.append(Problem(Reason.BAD_TRANSITION, reason, ("status",)))
        elif after.status is ProgramStatus.UNPUBLISHED:
            id_ = await self.session.scalar(select(Program.id).where(Program.uuid == str(after.uuid)))
            if id_ is not None and await has_users(self.session, id_):
                found.append(Problem(Reason.HAS_USERS, "learners are associated with the program", ("status",)))
        return found

    async def _unpublishable(
        self, entries: Sequence[Entry], befores: Mapping[UUID, ProgramDraft], ids: Mapping[UUID, int]
    ) -> AsyncIterator[Problem]:
        """The programs that become active and lack what active ones need."""
        for entry in entries:
            before = befores.get(entry.draft.uuid)
            was_active = before is not None and before.status is ProgramStatus.ACTIVE
            if entry.draft.status is not ProgramStatus.ACTIVE or was_active or not self.rules.is_publishing_checked:
                continue
            if lacking := await shortcomings(self.session, ids[entry.draft.uuid]):
                reason = "; ".join(each.message for each in lacking)
                place = (*entry.place, "status")
                yield Problem(Reason.NOT_PUBLISHABLE, f"it cannot be published: {reason}", place, {"reasons": lacking})

    async def _named(self, drafts: Sequence[ProgramDraft], references: References) -> list[ProgramDraft]:
        """The drafts with their categories and organizations as they are called here."""
        categories = await self.session.execute(select(ProgramCategory.slug, ProgramCategory.display_name))
        names = {slug: CategoryDraft(slug, name) for slug, name in categories}
        found = select(Organization.id, Organization.key).where(Organization.id.in_(references.organizations.values()))
        keys = {row.id: row.key for row in await self.session.execute(found)}
        return [
            replace(
                draft,
                category=names[draft.category.slug],
                organizations=tuple(keys[references.organizations[key.casefold()]] for key in draft.organizations),
            )
            for draft in drafts
        ]

    async def _ids(self, drafts: Sequence[ProgramDraft]) -> dict[UUID, int]:
        query = select(Program.uuid, Program.id).where(Program.uuid.in_([str(draft.uuid) for draft in drafts]))
        return {UUID(uuid): id_ for uuid, id_ in await self.session.execute(query)}

    def _told(self, draft: ProgramDraft, before: ProgramDraft | None, program_id: int) -> Imported:
        """What became of a program; it is recorded where anything did."""
        changes = difference({} if before is None else normal_json(before), normal_json(draft))
        if changes:
            record(self.session, self.viewer, "import", f"Program:{draft.uuid}", changes, program_id=program_id)
        outcome = Outcome.CREATED if before is None else Outcome.UPDATED if changes else Outcome.UNCHANGED
        return Imported(draft.uuid, draft.name, outcome, changes)


def placed(problem: Problem, entry: Entry) -> Problem:
    """A problem of a program with its place in the file."""
    match problem.place:
        case ("courses", index):
            place = list(leaves(entry.draft.requirements))[int(index)]
        case ("courses",):
            place = ("requirements",)
        case _:
            place = tuple(FIELDS.get(name, name) for name in problem.place)
    return replace(problem, place=(*entry.place, *place))


def _twice(entries: Sequence[Entry], rules: Rules) -> Iterator[Problem]:
    """What two programs of a file cannot both have."""
    seen: dict[tuple[str, str], str] = {}
    for entry in entries:
        if not entry.is_readable:
            continue
        draft = entry.draft
        claims = [("uuid", str(draft.uuid), Reason.DUPLICATE), ("name", draft.name.casefold(), Reason.NAME_TAKEN)]
        if rules.is_course_exclusive:
            claims += [("requirements", course, Reason.COURSE_TAKEN) for course in draft.courses]
        for field, value, code in claims:
            other = seen.setdefault((field, value), ".".join(entry.place))
            if other != ".".join(entry.place):
                yield Problem(code, f"{other} has '{value}' already", (*entry.place, field))
