"""How rows are looked up, filtered and sorted: what the arguments of the read fields mean as SQL.

Every expression is over the declared tables; the plan puts its own aliases in their place. Orders are non-null, so
that a cursor always names one place.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, Boolean, ColumnElement, String, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.tables import (
    Contract,
    ContractMember,
    Course,
    CourseRun,
    DirectoryRun,
    DirectorySite,
    DirectorySiteRun,
    Job,
    Organization,
    OrganizationAlias,
    OrganizationManager,
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramUser,
    ProgramUserStatus,
    Rerun,
    RoleGrant,
)
from db.types import Instant, ListOf, any_of, micros, present, text
from edx.keys import CourseId, CourseKey, InvalidCourseKey
from resolvers.contracts.terms import STATUS
from resolvers.errors import BadUserInput
from resolvers.learners.service import listed, permit_username, some_username
from resolvers.plan.ids import parse_key
from resolvers.plan.sources import Expression, Filter

LONGEST_SEARCH = 200
EARLIEST = -(2**62)  # sorts before every time, as a contract without a start does
LATEST = 2**62  # sorts after every time, as a run without a start does

ORGANIZATION_ORDERS: Mapping[str, Expression] = {"name": Organization.name_folded, "key": Organization.key}
COURSE_ORDERS: Mapping[str, Expression] = {"key": Course.readable_id, "name": Course.name_folded}
RUN_ORDERS: Mapping[str, Expression] = {
    "key": CourseRun.key,
    "name": CourseRun.name_folded,
    "start": func.coalesce(micros(CourseRun.start), LATEST),
}
CONTRACT_ORDERS: Mapping[str, Expression] = {
    "name": Contract.name_folded,
    "number": Contract.id,
    "start": func.coalesce(micros(Contract.start), EARLIEST),
    "end": func.coalesce(micros(Contract.end), LATEST),
}
SITE_ORDERS: Mapping[str, Expression] = {"name": DirectorySite.name}
PROGRAM_ORDERS: Mapping[str, Expression] = {
    "name": Program.name_folded,
    "created": micros(Program.created_at),
    "updated": micros(Program.updated_at),
}


def folded(value: str) -> str:
    """Text as it is compared without regard to case."""
    return value.casefold()


def containing(value: str) -> str:
    """The LIKE pattern of texts that contain `value`, without regard to case. Raises BadUserInput."""
    if len(value) > LONGEST_SEARCH:
        raise BadUserInput(f"search: {len(value)} characters are more than {LONGEST_SEARCH}")
    escaped = value.casefold().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def course_id(value: str) -> str:
    """A course's id in its one form. Raises BadUserInput."""
    try:
        return str(CourseId.parse(value))
    except InvalidCourseKey as error:
        raise BadUserInput(f"course: {error}") from error


def folded_course_id(value: str) -> str:
    """A course's id as it is found without regard to case. Raises BadUserInput."""
    return folded(course_id(value))


def run_key(value: str) -> str:
    """A run's key as it is stored. Raises BadUserInput."""
    try:
        return str(CourseKey.parse(value))
    except InvalidCourseKey as error:
        raise BadUserInput(f"course run: {error}") from error


def folded_run_key(value: str) -> str:
    """A run's key as it is found without regard to case. Raises BadUserInput."""
    return folded(run_key(value))


def program_uuid(value: str) -> str:
    """A program's UUID in its one form. Raises BadUserInput."""
    return _uuid("program", value)


def _uuid(noun: str, value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError as error:
        raise BadUserInput(f"{noun}: '{value[:100]}' is not a UUID") from error


def program_key(value: str) -> str:
    """The UUID in a program's id. Raises BadUserInput."""
    return program_uuid(parse_key("Program", value))


def job_uuid(value: str) -> str:
    """A job's UUID in its one form. Raises BadUserInput."""
    return _uuid("job", value)


def job_key(value: str) -> str:
    """The UUID in a job's id. Raises BadUserInput."""
    return job_uuid(parse_key("Job", value))


def job_with(uuid: BindParameter[str]) -> ColumnElement[bool]:
    """The job of that UUID."""
    return Job.uuid == uuid


NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def contract_number(value: str) -> int:
    """A contract's number, as its id ends with it. Raises BadUserInput."""
    if not NUMBER.fullmatch(value):
        raise BadUserInput(f"contract: '{value[:100]}' is not a number")
    return int(value)


def contract_key(value: str) -> int:
    """The number in a contract's id. Raises BadUserInput."""
    return contract_number(parse_key("Contract", value))


def contract_with(number: BindParameter[int]) -> ColumnElement[bool]:
    """The contract of that number."""
    return Contract.id == number


def organization_named(key: BindParameter[str]) -> ColumnElement[bool]:
    """The organization of that key, or of that prefix and key together."""
    return Organization.id == _organization(key)


def course_named(key: BindParameter[str]) -> ColumnElement[bool]:
    """The course of that readable id."""
    return Course.readable_id_folded == key


def run_named(key: BindParameter[str]) -> ColumnElement[bool]:
    """The run of that key."""
    return CourseRun.key_folded == key


def site_named(name: BindParameter[str]) -> ColumnElement[bool]:
    """The site of that name."""
    return DirectorySite.name_folded == name


def program_with(uuid: BindParameter[str]) -> ColumnElement[bool]:
    """The program of that UUID."""
    return Program.uuid == uuid


def _organization(key: BindParameter[str]) -> ColumnElement[int]:
    return select(OrganizationAlias.organization_id).where(OrganizationAlias.alias == key).scalar_subquery()


def _search(*columns: InstrumentedAttribute[str]) -> Callable[[BindParameter[str]], ColumnElement[bool]]:
    return lambda pattern: or_(*(column.like(pattern, escape="\\") for column in columns))


ORGANIZATION_FILTERS: Mapping[str, Filter] = {
    "search": Filter(_search(Organization.name_folded, Organization.key_folded), containing),
}
COURSE_FILTERS: Mapping[str, Filter] = {
    "org": Filter(lambda key: Course.organization_id == _organization(key), folded),
    "search": Filter(_search(Course.name_folded, Course.readable_id_folded), containing),
}


def _course_of_organization(key: BindParameter[str]) -> ColumnElement[bool]:
    course = aliased(Course)
    return CourseRun.course_id.in_(select(course.id).where(course.organization_id == _organization(key)))


def _run_of_course(key: BindParameter[str]) -> ColumnElement[bool]:
    course = aliased(Course)
    return CourseRun.course_id == select(course.id).where(course.readable_id_folded == key).scalar_subquery()


def _run_with_ntiid(ntiid: BindParameter[str]) -> ColumnElement[bool]:
    return CourseRun.id.in_(select(DirectoryRun.course_run_id).where(DirectoryRun.ntiid == ntiid))


def _run_of_site(name: BindParameter[str]) -> ColumnElement[bool]:
    of = DirectorySiteRun
    offered = select(of.course_run_id).join(DirectorySite, DirectorySite.id == of.site_id)
    return CourseRun.id.in_(offered.where(DirectorySite.name_folded == name))


class RunState(StrEnum):
    """Where a run is in time."""

    UPCOMING = "upcoming"
    CURRENT = "current"
    ENDED = "ended"


RUN_STATE: Expression = case(
    (CourseRun.end <= present(), RunState.ENDED.value),
    (CourseRun.start <= present(), RunState.CURRENT.value),
    else_=RunState.UPCOMING.value,
)
"""A run without a start is upcoming, as in Open edX, where such a run has not been scheduled."""


def run_of(key: str) -> str:
    """The run part of a course key."""
    return CourseKey.parse(key).run


def _run_in_the_making(states: BindParameter[list[str]]) -> ColumnElement[bool]:
    return exists().where(Rerun.id == CourseRun.id, any_of(Rerun.state, states))


RUN_FILTERS: Mapping[str, Filter] = {
    "org": Filter(_course_of_organization, folded),
    "course": Filter(_run_of_course, folded_course_id),
    "source": Filter(lambda wanted: CourseRun.is_source == wanted, bool, Boolean()),
    "state": Filter(lambda states: any_of(RUN_STATE, states), list, ListOf(String())),
    "site": Filter(_run_of_site, folded),
    "ntiid": Filter(_run_with_ntiid, str),
    "search": Filter(_search(CourseRun.name_folded, CourseRun.key_folded), containing),
    "contract": Filter(lambda number: CourseRun.contract_id == number, contract_key, BigInteger()),
    "rerunState": Filter(_run_in_the_making, list, ListOf(text())),
}


CONTRACT_FILTERS: Mapping[str, Filter] = {
    "org": Filter(lambda key: Contract.organization_id == _organization(key), folded),
    "status": Filter(lambda statuses: any_of(STATUS, statuses), list, ListOf(String())),
    "membership": Filter(lambda kinds: any_of(Contract.membership, kinds), list, ListOf(text())),
    "search": Filter(_search(Contract.name_folded), containing),
}


def _program_of_organization(key: BindParameter[str]) -> ColumnElement[bool]:
    of = ProgramOrganization
    return exists().where(of.program_id == Program.id, of.organization_id == _organization(key))


def _program_with_course(key: BindParameter[str]) -> ColumnElement[bool]:
    leaf, course = ProgramRequirement, aliased(Course)
    return exists().where(leaf.program_id == Program.id, leaf.course_id == course.id, course.readable_id_folded == key)


def _program_with_run(key: BindParameter[str]) -> ColumnElement[bool]:
    mode, run = ProgramCourseRunMode, aliased(CourseRun)
    return exists().where(mode.program_id == Program.id, mode.course_run_id == run.id, run.key_folded == key)


def _program_with_unavailable_runs(wanted: BindParameter[bool]) -> ColumnElement[bool]:
    mode = ProgramCourseRunMode
    return exists().where(mode.program_id == Program.id, mode.is_unavailable) == wanted


def _program_of_category(slug: BindParameter[str]) -> ColumnElement[bool]:
    return Program.category_id == select(ProgramCategory.id).where(ProgramCategory.slug == slug).scalar_subquery()


def _program_in_status(statuses: BindParameter[list[str]]) -> ColumnElement[bool]:
    return any_of(Program.status, statuses)


def _program_of_learner(username: BindParameter[str]) -> ColumnElement[bool]:
    of = ProgramUser
    return exists().where(of.program_id == Program.id, of.username == username, of.status != ProgramUserStatus.DELETED)


def _moment(value: datetime) -> datetime:
    return value


PROGRAM_FILTERS: Mapping[str, Filter] = {
    "category": Filter(_program_of_category, folded),
    "status": Filter(_program_in_status, list, ListOf(text())),
    "org": Filter(_program_of_organization, folded),
    "course": Filter(_program_with_course, folded_course_id),
    "run": Filter(_program_with_run, folded_run_key),
    "hasUnavailableRuns": Filter(_program_with_unavailable_runs, bool, Boolean()),
    "search": Filter(_search(Program.name_folded), containing),
    "username": Filter(_program_of_learner, some_username, permit=permit_username, before=listed),
    "updatedSince": Filter(lambda moment: Program.updated_at >= moment, _moment, Instant()),
}

ASSOCIATION_ORDERS: Mapping[str, Expression] = {
    "username": ProgramUser.username,
    "created": micros(ProgramUser.created_at),
}
OWN_ASSOCIATION_ORDERS: Mapping[str, Expression] = {"created": micros(ProgramUser.created_at)}
ASSOCIATION_FILTERS: Mapping[str, Filter] = {
    "status": Filter(lambda statuses: any_of(ProgramUser.status, statuses), list, ListOf(text())),
}

GRANT_FILTERS: Mapping[str, Filter] = {
    "username": Filter(lambda username: RoleGrant.username == username, str),
    "org": Filter(lambda key: RoleGrant.organization_id == _organization(key), folded),
}

JOB_FILTERS: Mapping[str, Filter] = {
    "kind": Filter(lambda kinds: any_of(Job.kind, kinds), list, ListOf(text())),
    "state": Filter(lambda states: any_of(Job.state, states), list, ListOf(text())),
    "subject": Filter(lambda subject: Job.subject == subject, str),
    "requestedBy": Filter(lambda username: Job.requested_by == username, str),
}
MEMBER_ORDERS: Mapping[str, Expression] = {"username": ContractMember.username}
MANAGER_ORDERS: Mapping[str, Expression] = {"username": OrganizationManager.username}
