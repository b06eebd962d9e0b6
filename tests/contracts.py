"""Contracts over the small catalog: two of them with runs in several states, and people around them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import (
    Contract,
    ContractMember,
    Course,
    CourseKeyPrefix,
    CourseRun,
    LearnerEnrollment,
    Organization,
    OrganizationManager,
    Rerun,
    RerunState,
    RoleGrant,
    RunOrigin,
    now,
)
from resolvers.access import Role, Viewer
from tests.catalog import course_run

MEMBER, OTHER, MANAGER, STAFF = (
    Viewer(name, frozenset({Role.LEARNER})) for name in ("member", "other", "manager", "staff")
)
"""A member of contract 1, one of contract 2, a manager of contract 1's organization, and an admin of that one."""

SOURCE = "course-v1:Org0X+C0.0x+SOURCE"
READY = "course-v1:UAI_Org0X+C0.0x+C1_2026"
PLANNED = "course-v1:UAI_Org0X+C1.0x+C1_2026"
FOREIGN = "course-v1:Org1X+C0.0x+C2_2026"
ORPHAN = "course-v1:UAI_Org0X+C2.0x+C1_2025"
CONTRACT_RUNS = (READY, PLANNED, FOREIGN, ORPHAN)


async def add_contracts(database: Database) -> None:
    """Contract 1 with Org0X, which is of UAI, and contract 2 with Org1X; both in effect for a month."""
    today = datetime.now(UTC)
    async with database.writing() as session:
        organizations = {each.key: each for each in await session.scalars(select(Organization))}
        courses = {each.readable_id: each for each in await session.scalars(select(Course))}
        organizations["Org0X"].prefix = CourseKeyPrefix.UAI
        for number, key in ((1, "Org0X"), (2, "Org1X")):
            session.add(
                Contract(
                    organization_id=organizations[key].id, name=f"Contract {number}",
                    name_folded=f"contract {number}", max_learners=2,
                    start=today - timedelta(days=1), end=today + timedelta(days=30),
                )
            )  # fmt: skip
            await session.flush()
        source = course_run(courses["Org0X+C0.0x"], "SOURCE")
        source.is_source = True
        session.add(source)
        await session.flush()
        made = {
            key: await _made(session, courses[course], key, source.id, contract)
            for key, course, contract in [
                (READY, "Org0X+C0.0x", 1), (PLANNED, "Org0X+C1.0x", 1), (FOREIGN, "Org0X+C0.0x", 2),
                (ORPHAN, "Org0X+C2.0x", None),
            ]
        }  # fmt: skip
        states = {READY: RerunState.READY, PLANNED: RerunState.PLANNED, FOREIGN: RerunState.READY}
        session.add_all(Rerun(id=made[key].id, state=state, requested_by="admin") for key, state in states.items())
        made[ORPHAN].retired_at = now()
        session.add_all(
            ContractMember(contract_id=number, username=name, added_by="admin")
            for number, name in ((1, "member"), (2, "other"))
        )
        org = organizations["Org0X"].id
        session.add(OrganizationManager(organization_id=org, username="manager", added_by="admin"))
        session.add(RoleGrant(username="staff", role=Role.ADMIN.value, organization_id=org, granted_by="admin"))


async def _made(session: AsyncSession, course: Course, key: str, source: int, contract: int | None) -> CourseRun:
    run = course_run(course, "", key=key)
    run.parent_id, run.origin, run.contract_id = source, RunOrigin.RERUN, contract
    session.add(run)
    await session.flush()
    return run


async def enroll(database: Database, key: str, *names: str, is_active: bool = True) -> None:
    """Have the LMS known to have these learners enrolled in a run."""
    async with database.writing() as session:
        session.add_all(
            LearnerEnrollment(username=name, course_key=key, mode="audit", is_active=is_active, known_at=now())
            for name in names
        )
