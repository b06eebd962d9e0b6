"""Who may do what: roles, permissions, and the viewer of a request.

Roles and their permissions are data (`spec/programs.md`, "Roles and Permissions"); nothing else decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, and_, bindparam, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.tables import (
    LEARNER,
    AuditEntry,
    ContentVersion,
    Contract,
    ContractMember,
    Course,
    CourseRun,
    DirectoryMember,
    DirectoryRun,
    Job,
    OrganizationManager,
    Program,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramStatus,
    ProgramUser,
    ProgramUserStatus,
    Rerun,
    RerunState,
    RoleGrant,
    StudioMember,
)
from db.types import present

VIEWER = "viewer_username"
"""The parameter of statements that holds the viewer's username."""


class Permission(StrEnum):
    """One thing that a viewer may do."""

    SEE_PROGRAMS = "see_programs"
    SEE_UNPUBLISHED_PROGRAMS = "see_unpublished_programs"
    SEE_GRANTED_PROGRAMS = "see_granted_programs"  # unpublished ones, where a grant says so
    SEE_PROGRAMS_OF_OTHERS = "see_programs_of_others"
    CHANGE_PROGRAMS = "change_programs"
    PUBLISH_PROGRAMS = "publish_programs"
    GRANT_ROLES = "grant_roles"
    SEE_DIRECTORIES = "see_directories"
    SEE_RESTRICTED_RUNS = "see_restricted_runs"  # those too that only their members see
    SYNC_DIRECTORIES = "sync_directories"
    MANAGE_LEARNERS = "manage_learners"
    SEE_CONTENT = "see_content"
    SEE_GRANTED_CONTENT = "see_granted_content"  # of runs of organizations, where a grant says so
    MANAGE_JOBS = "manage_jobs"
    SEE_OWN_CONTRACTS = "see_own_contracts"  # as a member, or as a manager of the organization
    SEE_CONTRACTS = "see_contracts"
    CHANGE_CONTRACTS = "change_contracts"
    CHANGE_CONTENT = "change_content"
    SEE_USAGE = "see_usage"  # of content, by all applications and users
    BREAK_LOCKS = "break_locks"


class Role(StrEnum):
    """A named set of permissions."""

    LEARNER = "learner"
    AUTHOR = "author"
    ADMIN = "admin"


HELD: Mapping[Role, frozenset[Role]] = MappingProxyType(
    {
        Role.LEARNER: frozenset({Role.LEARNER}),
        Role.AUTHOR: frozenset({Role.LEARNER, Role.AUTHOR}),
        Role.ADMIN: frozenset(Role),
    }
)
"""The roles of somebody whose highest role it is."""

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.LEARNER: frozenset(
            {
                Permission.SEE_PROGRAMS,
                Permission.SEE_DIRECTORIES,
                Permission.SEE_OWN_CONTRACTS,
                Permission.SEE_GRANTED_CONTENT,
            }
        ),
        Role.AUTHOR: frozenset(
            {
                Permission.SEE_PROGRAMS,
                Permission.SEE_UNPUBLISHED_PROGRAMS,
                Permission.CHANGE_PROGRAMS,
                Permission.SEE_CONTENT,
                Permission.CHANGE_CONTENT,
                Permission.SEE_OWN_CONTRACTS,
                Permission.SEE_DIRECTORIES,
                Permission.SEE_RESTRICTED_RUNS,
            }
        ),
        Role.ADMIN: frozenset(Permission) - {Permission.SEE_GRANTED_PROGRAMS},
    }
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever sent a request: a signed-in user with roles, or nobody.

    `username` is the LMS username, compared with case, or None for an anonymous request, which has no roles.
    `authorization` is what the LMS knows the user by in the header of that name, where the request came with it.
    `application` is what they came through, if that is known: the client id of a registered one, or a name.
    """

    username: str | None
    roles: frozenset[Role] = frozenset()
    authorization: str | None = field(default=None, repr=False, compare=False, kw_only=True)
    permissions: frozenset[Permission] = field(init=False, compare=False)
    application: str | None = None

    def __post_init__(self) -> None:
        granted = frozenset[Permission]().union(*(PERMISSIONS[role] for role in self.roles))
        object.__setattr__(self, "permissions", granted)

    @property
    def is_signed_in(self) -> bool:
        """Whether a valid token named the user."""
        return self.username is not None

    def may(self, permission: Permission) -> bool:
        """Whether one of the viewer's roles grants `permission`."""
        return permission in self.permissions


ANONYMOUS = Viewer(username=None)


def visible_programs(permissions: frozenset[Permission]) -> ColumnElement[bool]:
    """Which programs a viewer may see through any edge (`spec/programs.md`, "Program Lifecycle").

    Deleted ones nobody; unpublished ones only those who build programs; none where programs are switched off.
    """
    if Permission.SEE_UNPUBLISHED_PROGRAMS in permissions:
        return Program.status != ProgramStatus.DELETED
    if Permission.SEE_PROGRAMS not in permissions:
        return false()
    published = or_(Program.status == ProgramStatus.ACTIVE, Program.status == ProgramStatus.RETIRED)
    if Permission.SEE_GRANTED_PROGRAMS not in permissions:
        return published
    return or_(published, and_(Program.status == ProgramStatus.UNPUBLISHED, _is_granted(Program.id)))


def visible_categories(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Whether categories of programs are there: where programs are switched off they are not."""
    return None if Permission.SEE_PROGRAMS in permissions else false()


def _is_granted(program: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    of = ProgramOrganization
    organizations = select(of.organization_id).where(of.program_id == program)
    return exists().where(
        RoleGrant.username == bindparam(VIEWER, type_=String()),
        or_(RoleGrant.role == Role.AUTHOR.value, RoleGrant.role == Role.ADMIN.value),
        or_(RoleGrant.program_id == program, RoleGrant.organization_id.in_(organizations)),
    )


def visible_runs(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which runs a viewer may see through any edge: restricted ones only their members, and those of their sections.

    Members are enrolled in them or instruct them (`spec/course-directories.rst`, "course_info.json").
    """
    of_contracts = _visible_runs_of_contracts(permissions)
    if Permission.SEE_RESTRICTED_RUNS in permissions:
        return of_contracts
    unrestricted = or_(CourseRun.is_restricted == false(), _is_member(CourseRun.id))
    return unrestricted if of_contracts is None else and_(unrestricted, of_contracts)


def _visible_runs_of_contracts(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """As `visible_runs`: a contract's run is for whoever sees the contract, and for learners once it is ready.

    "We do not generally allow intermingling between learners in separate contracts" (`spec/b2b-courseware.md`). Sources
    of such runs are not for learners, and retired runs that no contract has are for staff.
    """
    if Permission.SEE_CONTRACTS in permissions:
        return None
    public = and_(CourseRun.contract_id.is_(None), CourseRun.retired_at.is_(None))
    if not permissions & {Permission.CHANGE_PROGRAMS, Permission.SEE_GRANTED_PROGRAMS}:
        public = and_(public, ~CourseRun.is_source)
    if Permission.SEE_OWN_CONTRACTS not in permissions:
        return public
    of = Contract.id == CourseRun.contract_id
    managed = exists().where(of, has_contracts_of(Contract.organization_id))
    joined = exists().where(of, in_effect(), _belongs())
    return or_(public, managed, and_(is_ready(), joined))


def _is_member(run: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    of = DirectoryMember
    member = select(of.course_run_id).outerjoin(DirectoryRun, DirectoryRun.course_run_id == of.course_run_id)
    member = member.where(of.username == bindparam(VIEWER, type_=String()))
    return exists(member.where(or_(of.course_run_id == run, DirectoryRun.parent_run_id == run)))


def teaches(
    run: ColumnElement[int] | InstrumentedAttribute[int], username: str | BindParameter[str] | None
) -> ColumnElement[bool]:
    """Whether a user has a role of the staff in a run, as its directory or Studio says: they may change its content.

    Instructors and teaching assistants of a course are those of its sections too, unless those say otherwise
    (`spec/course-directories.rst`, "role_info.json").
    """
    of, team = aliased(DirectoryMember), aliased(StudioMember)
    return or_(
        exists().where(of.course_run_id == run, of.username == username, of.role != LEARNER),
        exists().where(team.course_run_id == run, team.username == username),
    )


def teaches_some(username: str) -> ColumnElement[bool]:
    """Whether a user has such a role in any run."""
    return or_(
        exists().where(DirectoryMember.username == username, DirectoryMember.role != LEARNER),
        exists().where(StudioMember.username == username),
    )


def visible_courses(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which courses a viewer may see: those without runs, and those of which they may see one."""
    runs = visible_runs(permissions)
    if runs is None:
        return None
    return or_(Course.is_restricted == false(), exists().where(CourseRun.course_id == Course.id, runs))


def visible_modes(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which runs of programs a viewer may see: those whose run they may see."""
    runs = visible_runs(permissions)
    return None if runs is None else ProgramCourseRunMode.course_run_id.in_(select(CourseRun.id).where(runs))


def visible_sites(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which sites and administrative levels a viewer may see: none where directories are switched off."""
    return None if Permission.SEE_DIRECTORIES in permissions else false()


ABOUT_LEARNERS = ("register", "leave", "remove", "restore")
"""What histories of programs have of the associations of learners, by name."""


def visible_history(permissions: frozenset[Permission]) -> ColumnElement[bool]:
    """Which programs' changes a viewer may see: those of the programs that it may see before they are published.

    Those that name learners only viewers who may see programs of others.
    """
    if Permission.SEE_UNPUBLISHED_PROGRAMS in permissions:
        found: ColumnElement[bool] = true()
    else:
        found = _is_granted(AuditEntry.program_id) if Permission.SEE_GRANTED_PROGRAMS in permissions else false()
    if Permission.SEE_PROGRAMS_OF_OTHERS in permissions:
        return found
    return and_(found, *(AuditEntry.action != action for action in ABOUT_LEARNERS))


def visible_versions(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Whose content a viewer may see: that of all runs, or of those of organizations that they author for."""
    if Permission.SEE_CONTENT in permissions:
        return None
    return authored(ContentVersion.course_run_id) if Permission.SEE_GRANTED_CONTENT in permissions else false()


def authored(run: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether a run is of an organization whose authors the viewer is among, by grant, or one that they teach."""
    granted = exists().where(
        RoleGrant.username == bindparam(VIEWER, type_=String()),
        or_(RoleGrant.role == Role.AUTHOR.value, RoleGrant.role == Role.ADMIN.value),
        RoleGrant.organization_id == Course.organization_id,
        Course.id == CourseRun.course_id,
        CourseRun.id == run,
    )
    return or_(granted, teaches(run, bindparam(VIEWER, type_=String())))


def visible_associations(permissions: frozenset[Permission]) -> ColumnElement[bool]:
    """Whose associations with programs a viewer may see: everybody their own (`spec/programs.md`, "ProgramUser").

    Deleted ones nobody, nor those with programs that learners do not see.
    """
    if Permission.SEE_PROGRAMS not in permissions:
        return false()
    shown = exists().where(
        Program.id == ProgramUser.program_id,
        or_(Program.status == ProgramStatus.ACTIVE, Program.status == ProgramStatus.RETIRED),
    )
    found = and_(ProgramUser.status != ProgramUserStatus.DELETED, shown)
    if Permission.SEE_PROGRAMS_OF_OTHERS in permissions:
        return found
    return and_(found, ProgramUser.username == bindparam(VIEWER, type_=String()))


def visible_jobs(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which jobs a viewer may see: those that they asked for, and all those who look after jobs."""
    if Permission.MANAGE_JOBS in permissions:
        return None
    return Job.requested_by == bindparam(VIEWER, type_=String())


def in_effect() -> ColumnElement[bool]:
    """Whether a contract is: enabled, from the start of its first day to the end of its last one."""
    started = or_(Contract.start.is_(None), Contract.start <= present())
    ended = or_(Contract.end.is_(None), Contract.end >= present())
    return and_(Contract.is_enabled, started, ended)


def visible_contracts(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which contracts a viewer may see: members those that are in effect, managers all of their organization."""
    if Permission.SEE_CONTRACTS in permissions:
        return None
    if Permission.SEE_OWN_CONTRACTS not in permissions:
        return false()
    return or_(has_contracts_of(Contract.organization_id), and_(in_effect(), _belongs()))


def visible_reruns(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Whose making a viewer may see: that of runs of contracts which it looks after."""
    if Permission.SEE_CONTRACTS in permissions:
        return None
    return _looks_after(permissions, CourseRun.id == Rerun.id, Contract.id == CourseRun.contract_id)


def visible_members(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which members of contracts a viewer may see: all of a contract that it looks after, else only itself."""
    if Permission.SEE_CONTRACTS in permissions:
        return None
    is_own = ContractMember.username == bindparam(VIEWER, type_=String())
    return or_(
        _looks_after(permissions, Contract.id == ContractMember.contract_id),
        and_(is_own, exists().where(Contract.id == ContractMember.contract_id, in_effect())),
    )


def visible_managers(permissions: frozenset[Permission]) -> ColumnElement[bool] | None:
    """Which managers of organizations a viewer may see: those of the organizations that it manages itself."""
    if Permission.SEE_CONTRACTS in permissions:
        return None
    return has_contracts_of(OrganizationManager.organization_id)


def _looks_after(permissions: frozenset[Permission], *joined: ColumnElement[bool]) -> ColumnElement[bool]:
    if Permission.SEE_OWN_CONTRACTS not in permissions:
        return false()
    return exists().where(*joined, has_contracts_of(Contract.organization_id))


def has_contracts_of(organization: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether the viewer looks after the contracts of an organization: as its manager, or as an admin of it."""
    manager = aliased(OrganizationManager)
    viewer = bindparam(VIEWER, type_=String())
    return or_(
        exists().where(manager.username == viewer, manager.organization_id == organization),
        exists().where(
            RoleGrant.username == viewer,
            RoleGrant.role == Role.ADMIN.value,
            RoleGrant.organization_id == organization,
        ),
    )


def _belongs() -> ColumnElement[bool]:
    """Whether the viewer is a member of a contract."""
    member = aliased(ContractMember)
    return exists().where(member.contract_id == Contract.id, member.username == bindparam(VIEWER, type_=String()))


def is_ready() -> ColumnElement[bool]:
    """Whether a run is made; one that nobody is making here always was."""
    return ~exists().where(Rerun.id == CourseRun.id, Rerun.state != RerunState.READY)
