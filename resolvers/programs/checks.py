"""What keeps a draft from becoming a program: looked up in the catalog, among the other programs, and in the rules.

Every check tells all that is wrong, each with its place in the input of mutations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Course, Program, ProgramCategory, ProgramRequirement, ProgramStatus
from resolvers.programs.drafts import ProgramDraft, problems
from resolvers.programs.lifecycle import Rules
from resolvers.programs.references import References
from resolvers.refusals import Problem, Reason


@dataclass(frozen=True)
class Checks:
    """The checks of an installation with these rules, in the transaction of a session."""

    session: AsyncSession
    rules: Rules

    async def problems(
        self, draft: ProgramDraft, references: References, before: ProgramDraft | None = None
    ) -> list[Problem]:
        """All that is wrong with a draft; `before` is the program as it is, None for one that is yet to be made."""
        found = [*problems(draft), *unknown(draft, references)]
        if draft.category.slug and await self.category(draft) is None:
            reason = f"there is no category '{draft.category.slug}'"
            found.append(Problem(Reason.CATEGORY_UNKNOWN, reason, ("category",)))
        if before is None or before.organizations != draft.organizations:
            found.extend(_organization_count(draft, self.rules))
        found.extend(await self._of_other_organizations(draft, references))
        if self.rules.is_course_exclusive:
            added = [key for key in draft.courses if before is None or key not in before.courses]
            found.extend(await self._in_other_programs(draft, added, references))
        if await self._is_taken(draft):
            found.append(Problem(Reason.NAME_TAKEN, "another program has this name", ("name",)))
        return found

    async def category(self, draft: ProgramDraft) -> ProgramCategory | None:
        """The category that a draft names."""
        slug = draft.category.slug.casefold()
        category: ProgramCategory | None = await self.session.scalar(
            select(ProgramCategory).where(ProgramCategory.slug == slug)
        )
        return category

    async def _is_taken(self, draft: ProgramDraft) -> bool:
        name = draft.name.casefold()
        taken = select(Program.id).where(Program.name_folded == name, Program.uuid != str(draft.uuid))
        return await self.session.scalar(taken) is not None

    async def _of_other_organizations(self, draft: ProgramDraft, references: References) -> list[Problem]:
        """Courses that none of the program's organizations offers; nested programs may be of others."""
        organizations = [references.organizations.get(key.casefold()) for key in draft.organizations]
        ids = [references.courses[key] for key in draft.courses if key in references.courses]
        query = select(Course.readable_id).where(Course.id.in_(ids), Course.organization_id.not_in(organizations))
        return [
            Problem(
                Reason.COURSE_OF_OTHER_ORGANIZATION,
                f"none of the program's organizations offers the course {key}",
                ("courses", str(draft.courses.index(key))),
            )
            for key in await self.session.scalars(query.order_by(Course.id))
        ]

    async def _in_other_programs(
        self, draft: ProgramDraft, added: Sequence[str], references: References
    ) -> list[Problem]:
        """New courses that stand in another program; their rows are locked, so that no other writer adds them too."""
        ids = [references.courses[key] for key in added if key in references.courses]
        await self.session.execute(select(Course.id).where(Course.id.in_(ids)).order_by(Course.id).with_for_update())
        leaf = ProgramRequirement
        query = (
            select(Course.readable_id, Program.name)
            .join(leaf, leaf.course_id == Course.id)
            .join(Program, Program.id == leaf.program_id)
            .where(Course.id.in_(ids), Program.uuid != str(draft.uuid), Program.status != ProgramStatus.DELETED)
            .order_by(Course.id, Program.id)
        )
        taken: dict[str, str] = {}
        for key, name in await self.session.execute(query):
            taken.setdefault(key, name)
        return [
            Problem(
                Reason.COURSE_TAKEN,
                f"the course {key} is in the program {name!r}, and a course may be in one only",
                ("courses", str(draft.courses.index(key))),
            )
            for key, name in taken.items()
        ]


def unknown(draft: ProgramDraft, references: References) -> Iterator[Problem]:
    """What a draft names and there is not, each with its place."""
    missing = references.missing(draft)
    for key in missing["organizations"]:
        index = str(draft.organizations.index(key))
        yield Problem(Reason.ORG_UNKNOWN, f"there is no organization '{key}'", ("organizations", index))
    for key in missing["courses"]:
        yield Problem(Reason.COURSE_UNKNOWN, f"there is no course '{key}'", ("courses", str(draft.courses.index(key))))
    runs = [mode.run for mode in draft.run_modes]
    for key in missing["runs"]:
        yield Problem(Reason.RUN_UNKNOWN, f"there is no run '{key}'", ("runModes", str(runs.index(key)), "run"))
    for key in missing["programs"]:
        yield Problem(Reason.PROGRAM_UNKNOWN, f"there is no program '{key}'", ("requirements",))
    for key in references.strange_runs(draft):
        place = ("runModes", str(runs.index(key)), "run")
        yield Problem(Reason.RUN_OF_OTHER_COURSE, f"the run {key} is of none of the program's courses", place)


def _organization_count(draft: ProgramDraft, rules: Rules) -> Iterator[Problem]:
    most = rules.max_organizations
    if not draft.organizations:
        yield Problem(Reason.ORG_COUNT, "a program has at least one organization", ("organizations",))
    elif most and len(draft.organizations) > most:
        reason = f"{len(draft.organizations)} organizations are more than {most}"
        yield Problem(Reason.ORG_COUNT, reason, ("organizations",))
