"""Adding course runs, with the courses and organizations they imply, and keeping them up to date.

Rules are those of `spec/programs.md`, "Population of CourseCodes" and "Course Runs". The course of a known run is never
derived from its key again: a run for a contract stays under the course of its source.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import RowMapping, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Course, CourseRun
from edx.contract_keys import SOURCE
from resolvers.catalog.errors import CaseTwin, Refused
from resolvers.catalog.facts import OrganizationFacts, RunDetails, RunFacts
from resolvers.catalog.organizations import create_organizations, find_organizations
from resolvers.catalog.report import Outcome
from resolvers.catalog.settling import settled

DETAILS: tuple[str, ...] = RunDetails.__slots__

AGREED = ("start", "end", "enrollment_start", "enrollment_end", "pacing")
"""The details of a contract's run that follow from the contract, whatever the LMS has."""

CourseName = tuple[str, str]
"""A course as one row of it can be told: its organization's folded key and its own folded number."""


@dataclass
class Upserts:
    """What became of each run, in the order given, and the keys of what had to be made for them."""

    outcomes: list[Outcome | Refused] = field(default_factory=list)
    organizations: list[str] = field(default_factory=list)
    courses: list[str] = field(default_factory=list)


async def upsert_course_run(session: AsyncSession, facts: RunFacts) -> Outcome:
    """Add a run, or bring a known one up to date; names that the API gave stay. Raises Refused."""
    [outcome] = (await upsert_course_runs(session, [facts])).outcomes
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


async def upsert_course_runs(session: AsyncSession, many: Sequence[RunFacts], *, dry_run: bool = False) -> Upserts:
    """What became of each, in a number of statements that does not grow with them.

    In a dry run, what would become of each. No key may come twice, in whatever case.
    """

    async def attempt() -> Upserts:
        plan = Plan(await known_runs(session, many, for_update=not dry_run))
        for facts in many:
            plan.outcomes.append(plan.judge(facts))
        await plan.place(session)
        if not dry_run:
            await plan.write(session)
        return Upserts(plan.outcomes, list(plan.new_organizations.values()), plan.course_ids())

    return await settled(session, attempt)


async def known_runs(session: AsyncSession, many: Sequence[RunFacts], *, for_update: bool) -> dict[str, RowMapping]:
    """The rows of these runs by folded key, locked in the order of their ids where they may be written."""
    names = ("id", "key", "key_folded", "is_name_customized", "display_name", "contract_id", *DETAILS)
    query = select(*(getattr(CourseRun, name) for name in names)).order_by(CourseRun.id)
    query = query.where(CourseRun.key_folded.in_([facts.key.folded for facts in many]))
    if for_update:
        query = query.with_for_update(key_share=True)
    return {row["key_folded"]: row for row in (await session.execute(query)).mappings()}


class Plan:
    """What is to be written for a number of runs."""

    def __init__(self, known: dict[str, RowMapping]) -> None:
        self.known = known
        self.outcomes: list[Outcome | Refused] = []
        self.updates: list[dict[str, Any]] = []
        self.new_runs: list[tuple[RunFacts, CourseName]] = []
        self.new_courses: dict[CourseName, RunFacts] = {}  # with the run that names the course
        self.new_organizations: dict[str, str] = {}
        self._created: list[RunFacts] = []
        self._organizations: dict[str, RowMapping] = {}
        self._course_ids: dict[CourseName, int] = {}

    def judge(self, facts: RunFacts) -> Outcome | Refused:
        """Put one run with those to create or to update, or with neither."""
        try:
            facts.check()
        except Refused as refusal:
            return refusal
        known = self.known.get(facts.key.folded)
        if known is None:
            self._created.append(facts)
            return Outcome.CREATED
        if known["key"] != str(facts.key):
            return CaseTwin(known["key"])
        name = known["display_name"] if known["is_name_customized"] else name_of(facts)
        values = {"display_name": name, **details_of(facts, known)}
        if all(known[column] == value for column, value in values.items()):
            return Outcome.UNCHANGED
        self.updates.append({"id": known["id"], "name_folded": name.casefold(), **values})
        return Outcome.UPDATED

    async def place(self, session: AsyncSession) -> None:
        """Find the organizations and courses of the new runs, and say which of them are missing."""
        if not self._created:
            return
        self._organizations = await find_organizations(session, (facts.key.org for facts in self._created))
        for facts in self._created:
            alias = facts.key.org.casefold()
            if alias not in self._organizations:
                self.new_organizations.setdefault(alias, facts.key.org)
            self.new_runs.append((facts, (self.organization_key(alias).casefold(), facts.key.course.casefold())))
        self._course_ids = await self._known_courses(session)
        for facts, course in self.new_runs:
            if course not in self._course_ids:
                self.new_courses.setdefault(course, facts)

    async def _known_courses(self, session: AsyncSession) -> dict[CourseName, int]:
        ids = {row["id"]: row["key"].casefold() for row in self._organizations.values()}
        by_key = {key: id_ for id_, key in ids.items()}
        wanted = {(by_key[key], number) for _, (key, number) in self.new_runs if key in by_key}
        if not wanted:
            return {}
        query = select(Course.organization_id, Course.number_folded, Course.id)
        query = query.where(tuple_(Course.organization_id, Course.number_folded).in_(wanted))
        return {(ids[organization], number): id_ for organization, number, id_ in await session.execute(query)}

    def organization_key(self, alias: str) -> str:
        """The key of an organization, known or new, as it was first written."""
        known = self._organizations.get(alias)
        return self.new_organizations[alias] if known is None else str(known["key"])

    def readable_id(self, facts: RunFacts) -> str:
        """The id of the course that a new run is of: the organization's own key and the number in the run's key."""
        return f"{self.organization_key(facts.key.org.casefold())}+{facts.key.course}"

    def course_ids(self) -> list[str]:
        """The readable ids of the missing courses."""
        return [self.readable_id(facts) for facts in self.new_courses.values()]

    async def write(self, session: AsyncSession) -> None:
        """Insert and update, table by table and each in the order of its keys, as every writer does."""
        missing = [OrganizationFacts(key) for key in self.new_organizations.values()]  # named empty, "Course Runs"
        organization_ids = {row["key"].casefold(): row["id"] for row in self._organizations.values()}
        organization_ids |= await create_organizations(session, missing)
        if self.new_courses:
            await self._create_courses(session, organization_ids)
        if self.new_runs:
            runs = sorted(self.new_runs, key=lambda run: run[0].key.folded)
            rows = [run_row(facts, self._course_ids[course]) for facts, course in runs]
            await session.execute(insert(CourseRun).execution_options(render_nulls=True), rows)  # in one statement
        if self.updates:
            await session.execute(update(CourseRun), sorted(self.updates, key=lambda row: row["id"]))

    async def _create_courses(self, session: AsyncSession, organization_ids: dict[str, int]) -> None:
        names = {id_: key for key, id_ in organization_ids.items()}
        rows = [
            {
                "organization_id": organization_ids[organization],
                "number": facts.key.course,
                "number_folded": number,
                "readable_id": self.readable_id(facts),
                "display_name": facts.display_name or facts.key.course,
                "name_folded": (facts.display_name or facts.key.course).casefold(),
            }
            for (organization, number), facts in sorted(self.new_courses.items(), key=lambda item: item[0])
        ]
        query = insert(Course).returning(Course.organization_id, Course.number_folded, Course.id)
        for organization_id, number, id_ in await session.execute(query, rows):
            self._course_ids[names[organization_id], number] = id_


def name_of(facts: RunFacts) -> str:
    """The name of a run; one without is called by its key."""
    return facts.display_name or str(facts.key)


def details_of(facts: RunFacts, known: RowMapping) -> dict[str, Any]:
    """The columns of a run's details: as told, or as they are. When a contract's run is held, the contract says."""
    kept = DETAILS if facts.details is None else AGREED if known["contract_id"] is not None else ()
    told = {} if facts.details is None else asdict(facts.details)
    return told | {name: known[name] for name in kept}


def run_row(facts: RunFacts, course_id: int) -> dict[str, Any]:
    """The row of a new run."""
    return {
        "course_id": course_id,
        "key": str(facts.key),
        "key_folded": facts.key.folded,
        "display_name": name_of(facts),
        "name_folded": name_of(facts).casefold(),
        "is_source": facts.key.run == SOURCE,
        **asdict(facts.details or RunDetails()),
    }
