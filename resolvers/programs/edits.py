"""Changes of programs by their authors: making, editing, publishing, retiring, deleting.

A change is worked out on the program's draft, checked as a whole, and written with its history in the transaction of
the session: all of it or nothing. Every function raises Refusal with all that is wrong, Forbidden, and NotFound, and
Unasked where runs are attached that the LMS was not asked about yet.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Program, ProgramCategory, ProgramStatus
from resolvers.access import Permission, Viewer
from resolvers.audit import difference, record
from resolvers.catalog.settling import settled
from resolvers.errors import Forbidden, NotFound
from resolvers.grants import permissions_on, require_some, require_to_create
from resolvers.idempotency import once
from resolvers.programs.checks import Checks
from resolvers.programs.drafts import CategoryDraft, CourseLeaf, ProgramDraft, Requirement, RunModeDraft
from resolvers.programs.errors import BadDraft
from resolvers.programs.lifecycle import TRANSITIONS, Rules, check_transition, frozen_problems, lost_slug
from resolvers.programs.load import parts_of, replace_parts, set_columns, wanted_parts
from resolvers.programs.offers import Answers, refused_modes
from resolvers.programs.references import References, check_circles, find_references
from resolvers.programs.spelling import spelled
from resolvers.programs.state import as_json, draft_of, is_flat, locked_program
from resolvers.refusals import Problem, Reason, Refusal, refuse_if


class Unchanged:
    """The value of a field that a change leaves as it is."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True)
class Changes:
    """What becomes of a program's fields; None empties one, which those that are required refuse.

    `courses` replaces a requirement tree that is a list of courses; a tree of another shape takes `requirements` only.
    """

    name: str | Unchanged | None = UNCHANGED
    subtitle: str | Unchanged | None = UNCHANGED
    description: str | Unchanged | None = UNCHANGED
    category: str | Unchanged | None = UNCHANGED
    status: ProgramStatus | Unchanged | None = UNCHANGED
    marketing_slug: str | Unchanged | None = UNCHANGED
    image_url: str | Unchanged | None = UNCHANGED
    organizations: Sequence[str] | Unchanged | None = UNCHANGED
    courses: Sequence[str] | Unchanged | None = UNCHANGED
    requirements: Sequence[Requirement] | Unchanged | None = UNCHANGED
    run_modes: Sequence[RunModeDraft] | Unchanged | None = UNCHANGED

    def given(self) -> dict[str, Any]:
        """The fields that change."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if not isinstance(value, Unchanged)}


EMPTIED: dict[str, Any] = {"subtitle": "", "description": "", "marketing_slug": "", "image_url": None}
"""The fields that null empties."""

GRAPHQL_NAMES = {"marketing_slug": "marketingSlug", "image_url": "imageUrl", "run_modes": "runModes"}


@dataclass(frozen=True)
class Editor:
    """Whoever changes programs, in one transaction, under the rules of the installation.

    `answers` is what the LMS offers, as far as it was asked; None where there is no LMS, and nothing to ask.
    """

    session: AsyncSession
    viewer: Viewer
    rules: Rules = field(default_factory=Rules)
    answers: Answers | None = None

    async def create(self, wanted: Callable[[], Changes], key: str | None = None) -> str:
        """Make a program, unpublished, of what is `wanted`, and return its UUID; `key` makes repetitions harmless."""
        await require_some(self.session, self.viewer, Permission.CHANGE_PROGRAMS)
        changes = wanted()
        given = _plain(changes.given())

        async def attempt() -> str:
            return await once(
                self.session, self.viewer, "createProgram", key, given=given, work=lambda: self._create(changes)
            )

        return await settled(self.session, attempt)

    async def edit(
        self, uuid: UUID, change: Callable[[ProgramDraft], Changes], expected_revision: int | None = None
    ) -> None:
        """Change a program as `change` says of what it is; a change of status comes last and sees all the others."""
        await settled(self.session, lambda: self._update(uuid, change, "update", expected_revision))

    async def move(self, uuid: UUID, to: ProgramStatus, expected_revision: int | None = None) -> None:
        """Publish a program, revert or retire it."""
        await settled(
            self.session, lambda: self._update(uuid, lambda _: Changes(status=to), to.value, expected_revision)
        )

    async def delete(self, uuid: UUID, expected_revision: int | None = None) -> None:
        """Hide a program from everybody for good; its name stays taken and its learners' associations stay."""
        program = await self._found(uuid, expected_revision)
        record(
            self.session, self.viewer, "delete", f"Program:{program.uuid}",
            {"status": (program.status.value, ProgramStatus.DELETED.value)}, program_id=program.id,
        )  # fmt: skip
        program.status = ProgramStatus.DELETED
        program.revision += 1

    async def _create(self, changes: Changes) -> str:
        draft = ProgramDraft(uuid4(), "", CategoryDraft("", ""))
        refuse_if(_required_at_first(changes))
        draft = await spelled(self.session, _applied(draft, changes))
        references = await self._references(draft, frozenset())
        await require_to_create(self.session, self.viewer, _known(draft.organizations, references))
        if draft.status is not ProgramStatus.UNPUBLISHED:
            reason = f"a program is made unpublished, not {draft.status.value}"
            raise Refusal([Problem(Reason.BAD_TRANSITION, reason, ("status",))])
        category = await self._checked(draft, references)
        program = Program(uuid=str(draft.uuid), revision=1)
        set_columns(program, draft, {category.slug: category.id})
        self.session.add(program)
        await self.session.flush()
        await replace_parts(self.session, program.id, wanted_parts(draft, references, references.programs))
        subject = f"Program:{program.uuid}"
        record(self.session, self.viewer, "create", subject, difference({}, as_json(draft)), program_id=program.id)
        return program.uuid

    async def _update(
        self,
        uuid: UUID,
        change: Callable[[ProgramDraft], Changes],
        action: str,
        expected_revision: int | None,
    ) -> None:
        program = await self._found(uuid, expected_revision)
        before = await draft_of(self.session, program)
        changes = change(before)
        refuse_if(_emptied(changes))
        after = _with_kept_modes(await spelled(self.session, _applied(before, changes), before), before)
        if after == before:
            return
        await self._require_transition(program, after.status)
        references = await self._references(after, frozenset(before.programs))
        await self._require_organizations(after, before, references)
        if isinstance(changes.run_modes, Unchanged):  # the runs of a course go with it
            gone = references.strange_runs(after)
            after = replace(after, run_modes=tuple(mode for mode in after.run_modes if mode.run not in gone))
        refuse_if(frozen_problems(before, after))
        category = await self._checked(after, references, before)
        refuse_if(lost_slug(before, after, category, self.rules))
        set_columns(program, replace(after, status=before.status), {category.slug: category.id})
        wanted = wanted_parts(after, references, references.programs | {after.uuid: program.id})
        if parts_of(program) != wanted:
            await replace_parts(self.session, program.id, wanted)
        await self.session.flush()
        if after.status is not before.status:
            await check_transition(self.session, program, after.status, self.rules)
            program.status = after.status
        program.revision += 1
        changed = difference(as_json(before), as_json(after))
        record(self.session, self.viewer, action, f"Program:{program.uuid}", changed, program_id=program.id)
        await self.session.flush()

    async def _references(self, draft: ProgramDraft, kept: frozenset[UUID]) -> References:
        """What a draft names, found; of programs those only that the viewer sees, and those that are `kept`."""
        found = await find_references(self.session, [draft])
        new = {uuid: id_ for uuid, id_ in found.programs.items() if uuid not in kept}
        rows = await self.session.execute(select(Program.id, Program.status).where(Program.id.in_(new.values())))
        hidden = {row.id for row in rows if not await self._sees(row.id, row.status)}
        return replace(found, programs={uuid: id_ for uuid, id_ in found.programs.items() if id_ not in hidden})

    async def _sees(self, program: int, status: ProgramStatus) -> bool:
        if status is not ProgramStatus.UNPUBLISHED:
            return status is not ProgramStatus.DELETED
        return Permission.SEE_UNPUBLISHED_PROGRAMS in await permissions_on(self.session, self.viewer, program)

    async def _found(self, uuid: UUID, expected_revision: int | None) -> Program:
        """The program, locked, for a viewer who may change it."""
        await require_some(self.session, self.viewer, Permission.CHANGE_PROGRAMS)
        program = await locked_program(self.session, uuid)
        permissions = await permissions_on(self.session, self.viewer, program.id) if program else frozenset()
        is_hidden = program is not None and program.status is ProgramStatus.UNPUBLISHED
        if program is None or (is_hidden and Permission.SEE_UNPUBLISHED_PROGRAMS not in permissions):
            raise NotFound(f"there is no program {uuid}")
        if Permission.CHANGE_PROGRAMS not in permissions:
            raise Forbidden("you may not change this program")
        if expected_revision is not None and expected_revision != program.revision:
            reason = f"the program is at revision {program.revision}, not {expected_revision}"
            data = {"current_revision": program.revision}
            raise Refusal([Problem(Reason.REVISION_CONFLICT, reason, ("expectedRevision",), data)])
        return program

    async def _require_transition(self, program: Program, to: ProgramStatus) -> None:
        needed = TRANSITIONS.get((program.status, to))
        if needed is not None and needed not in await permissions_on(self.session, self.viewer, program.id):
            raise Forbidden(f"you may not make this program {to.value}")

    async def _require_organizations(self, after: ProgramDraft, before: ProgramDraft, references: References) -> None:
        """Raise Forbidden where a program is taken to an organization whose programs the viewer may not change."""
        if new := _known([key for key in after.organizations if key not in before.organizations], references):
            await require_to_create(self.session, self.viewer, new)

    async def _checked(
        self, draft: ProgramDraft, references: References, before: ProgramDraft | None = None
    ) -> ProgramCategory:
        """The category of a draft of which a program can be made. Raises Refusal."""
        checks = Checks(self.session, self.rules)
        found = await checks.problems(draft, references, before)
        if self.answers is not None:
            found.extend(refused_modes(draft, before, references.runs.keys(), self.answers))
        refuse_if(found)
        try:
            await check_circles(self.session, [draft])
        except BadDraft as error:
            raise Refusal([Problem(Reason.PROGRAM_CYCLE, error.reason, ("requirements",))]) from error
        category = await checks.category(draft)
        assert category is not None  # noqa: S101 -- else there was a problem
        return category


def _applied(draft: ProgramDraft, changes: Changes) -> ProgramDraft:
    """The draft with the changes. Raises Refusal where the shape of its tree does not allow them."""
    given = changes.given()
    values = {name: EMPTIED[name] if value is None else value for name, value in given.items()}
    for name in {"name", "marketing_slug"} & values.keys():
        values[name] = values[name].strip()
    if "image_url" in values:
        values["image_url"] = values["image_url"] or None
    if "category" in values:
        slug = values["category"].casefold()
        values["category"] = draft.category if slug == draft.category.slug else CategoryDraft(slug, "")
    if "courses" in values:
        if "requirements" in values:
            raise Refusal([Problem(Reason.INVALID, "give courses or requirements, not both", ("courses",))])
        if not is_flat(draft.requirements):
            reason = "the program's requirements are more than a list of courses; change those"
            raise Refusal([Problem(Reason.REQUIREMENTS_NOT_FLAT, reason, ("courses",))])
        values["requirements"] = tuple(CourseLeaf(course) for course in values.pop("courses"))
    for name in ("organizations", "requirements", "run_modes"):
        if name in values:
            values[name] = tuple(values[name])
    return replace(draft, **values)


def _with_kept_modes(draft: ProgramDraft, before: ProgramDraft) -> ProgramDraft:
    """The draft with its run modes in their old order where they are the same: they have none that counts."""
    is_same = Counter(draft.run_modes) == Counter(before.run_modes)
    return replace(draft, run_modes=before.run_modes) if is_same else draft


def _known(organizations: Sequence[str], references: References) -> list[int]:
    """The ids of those of the organizations that there are."""
    ids = [references.organizations.get(key.casefold()) for key in organizations]
    return [each for each in ids if each is not None]


def _required_at_first(changes: Changes) -> Iterator[Problem]:
    """What a new program must be given."""
    yield from _emptied(changes)
    given = changes.given()
    for name in ("name", "category", "organizations"):
        if name not in given:
            yield Problem(Reason.REQUIRED, "this field is required", (name,))


def _emptied(changes: Changes) -> Iterator[Problem]:
    """The required fields that were given null."""
    for name, value in changes.given().items():
        if value is None and name not in EMPTIED:
            yield Problem(Reason.REQUIRED, "this field cannot be emptied", (GRAPHQL_NAMES.get(name, name),))


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """What a create was given, as JSON, to tell one input from another."""
    return {name: repr(value) for name, value in given.items()}
