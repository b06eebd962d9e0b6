"""Sample contracts for a catalog that has source runs: two organizations, and a program to add to their contracts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import (
    Contract,
    ContractMember,
    Course,
    CourseKeyPrefix,
    CourseRun,
    Organization,
    OrganizationManager,
    ProgramStatus,
)
from resolvers.access import Role, Viewer
from resolvers.catalog.report import Outcome, Report
from resolvers.contracts.organizations import set_prefix
from resolvers.contracts.terms import Terms
from resolvers.programs.drafts import CourseLeaf, ProgramDraft
from resolvers.programs.load import load
from resolvers.programs.sample import PROFESSIONAL, uuid_of

PROGRAM = "Skills for Work"
PREFIXES = (CourseKeyPrefix.UAI, CourseKeyPrefix.B2B)
FAMILY = "UAI_"
"""The prefix of the organization whose sources the program has."""

WHO = Viewer("demo", frozenset({Role.ADMIN}))


def program_uuid() -> UUID:
    """The UUID that the sample program always has."""
    return uuid_of(PROGRAM)


async def load_samples(database: Database) -> Report:
    """Make two contracts and a program of courses that have sources, unless there are contracts. Raises DatabaseError.

    Nothing is made where the catalog has no sources, or not two organizations without any.
    """
    report = Report("contracts")
    async with database.writing() as session:
        sources = await _with_sources(session)
        homes = await _organizations(session)
        is_made = await session.scalar(select(Contract.id).limit(1)) is not None
        if is_made or not sources or len(homes) < len(PREFIXES):
            return report
        await load(session, [_program(sources)])
        for organization, prefix in zip(homes, PREFIXES, strict=False):
            await set_prefix(session, WHO, organization.key, prefix, None)
            await _contract(session, organization)
            report.add(Outcome.CREATED)
    return report


async def _contract(session: AsyncSession, organization: Organization) -> None:
    """A contract without an end, with the demo's learner as a member and its author as the manager."""
    terms = Terms(f"Campus licence of {organization.display_name or organization.key}", max_learners=250)
    contract = Contract(organization_id=organization.id, **terms.columns())
    session.add(contract)
    await session.flush()
    session.add(ContractMember(contract_id=contract.id, username="learner", added_by="demo"))
    session.add(OrganizationManager(organization_id=organization.id, username="author", added_by="demo"))


async def _with_sources(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """Courses that have a source run, each with the key of its organization."""
    has_source = select(CourseRun.id).where(CourseRun.course_id == Course.id, CourseRun.is_source).exists()
    query = select(Course.readable_id, Organization.key).join(Organization, Organization.id == Course.organization_id)
    rows = await session.execute(query.where(has_source).order_by(Course.readable_id))
    return [(course, organization) for course, organization in rows if organization.startswith(FAMILY)]


async def _organizations(session: AsyncSession) -> Sequence[Organization]:
    """Two organizations that offer courses, none of which is a source."""
    offers = select(Course.id).where(Course.organization_id == Organization.id).exists()
    sources = (
        select(Course.organization_id).join(CourseRun, CourseRun.course_id == Course.id).where(CourseRun.is_source)
    )
    query = select(Organization).where(offers, Organization.id.not_in(sources)).order_by(Organization.key)
    return (await session.scalars(query.limit(len(PREFIXES)))).all()


def _program(sources: Sequence[tuple[str, str]]) -> ProgramDraft:
    return ProgramDraft(
        uuid=program_uuid(),
        name=PROGRAM,
        category=PROFESSIONAL,
        subtitle="What every team needs",
        description="Courses that organizations get runs of for their own people.",
        status=ProgramStatus.ACTIVE,
        organizations=tuple(dict.fromkeys(organization for _, organization in sources)),
        requirements=tuple(CourseLeaf(course) for course, _ in sources),
    )
