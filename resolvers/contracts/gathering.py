"""What is known of a contract and of courses before runs are planned: a few statements, however many there are."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Contract, ContractProgram, Course, CourseRun, Organization, Program, ProgramStatus, now
from edx.contract_keys import Prefix
from edx.errors import InvalidCourseKey
from edx.keys import CourseId
from resolvers.contracts.courseware import CourseFacts, Offer, PlannedCourse, SourceRun, Wish, planned, possible_keys
from resolvers.contracts.curriculum import courses_of
from resolvers.refusals import Problem, Reason, Refusal


async def offer_of(session: AsyncSession, contract: Contract) -> Offer:
    """The contract that runs are made for, from now on."""
    query = select(Organization.key, Organization.prefix).where(Organization.id == contract.organization_id)
    key, prefix = (await session.execute(query)).one()
    return Offer(contract.id, key, Prefix(prefix.value), contract.start, contract.end, now())


async def course_named(session: AsyncSession, text: str) -> int:
    """The id of a course by its readable id. Raises Refusal."""
    try:
        folded = CourseId.parse(text).folded
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("course",))]) from error
    found = await session.scalar(select(Course.id).where(Course.readable_id_folded == folded))
    if found is None:
        raise Refusal([Problem(Reason.COURSE_UNKNOWN, f"there is no course '{text}'", ("course",))])
    return found


async def program_with(session: AsyncSession, uuid: str) -> int:
    """The id of a program by its UUID. Raises Refusal."""
    wanted = select(Program.id).where(Program.uuid == uuid, Program.status != ProgramStatus.DELETED)
    found = await session.scalar(wanted)
    if found is None:
        raise Refusal([Problem(Reason.PROGRAM_UNKNOWN, f"there is no program {uuid}", ("program",))])
    return found


async def link_of(session: AsyncSession, contract: int, program: int) -> ContractProgram | None:
    """The link of a program to a contract."""
    query = select(ContractProgram).where(ContractProgram.contract_id == contract)
    found: ContractProgram | None = await session.scalar(query.where(ContractProgram.program_id == program))
    return found


async def plan_courses(
    session: AsyncSession, offer: Offer, courses: Sequence[int], wish: Wish | None = None
) -> list[PlannedCourse]:
    """What becomes of courses with these ids, in their order: three statements."""
    facts = await facts_of(session, offer, courses)
    keys = possible_keys(offer, facts)
    query = select(CourseRun.key_folded, CourseRun.key).where(CourseRun.key_folded.in_(keys))
    taken = dict((await session.execute(query)).all()) if keys else {}
    return planned(offer, facts, taken, wish)


async def plan_program(
    session: AsyncSession, offer: Offer, program: int, wish: Wish | None = None
) -> list[PlannedCourse]:
    """What becomes of the courses of a program: four statements."""
    return await plan_courses(session, offer, await courses_of(session, program), wish)


async def facts_of(session: AsyncSession, offer: Offer, courses: Sequence[int]) -> list[CourseFacts]:
    """What planning needs to know of each course, in their order."""
    wanted = select(Course.id, Course.readable_id).where(Course.id.in_(courses))
    names = dict((await session.execute(wanted)).all())
    run = CourseRun
    own = and_(run.contract_id == offer.number, run.retired_at.is_(None))
    source = and_(run.contract_id.is_(None), run.retired_at.is_(None), run.is_source)
    query = select(run.course_id, run.id, run.key, run.display_name, run.contract_id, run.is_designated)
    query = query.where(run.course_id.in_(courses), or_(own, source)).order_by(run.id)
    runs: defaultdict[int, list[str]] = defaultdict(list)
    sources: defaultdict[int, list[SourceRun]] = defaultdict(list)
    designated: dict[int, SourceRun] = {}
    for course, id_, key, name, contract, is_designated in await session.execute(query):
        if contract is not None:
            runs[course].append(key)
        else:
            sources[course].append(SourceRun(id_, key, name))
            if is_designated:
                designated[course] = SourceRun(id_, key, name)
    return [
        CourseFacts(id_, names[id_], [designated[id_]] if id_ in designated else sources[id_], runs[id_])
        for id_ in courses
        if id_ in names
    ]
