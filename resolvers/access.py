"""Who may do what: roles, permissions, and the viewer of a request.

Roles and their permissions are data (`spec/programs.md`, "Roles and Permissions"); nothing else decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from db.tables import (
    AuditEntry,
    ContentVersion,
    Course,
    CourseRun,
    DirectoryMember,
    DirectoryRun,
    Program,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramStatus,
    ProgramUser,
    ProgramUserStatus,
    RoleGrant,
)

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
    CHANGE_CONTENT = "change_content"
    BREAK_LOCKS = "break_locks"
    SEE_CONTENT = "see_content"
    SEE_GRANTED_CONTENT = "see_granted_content"  # of runs of organizations, where a grant says so


class Role(StrEnum):
    """A named set of permissions."""

    LEARNER = "learner"
    AUTHOR = "author"
    ADMIN = "admin"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.LEARNER: frozenset({Permission.SEE_PROGRAMS, Permission.SEE_DIRECTORIES, Permission.SEE_GRANTED_CONTENT}),
        Role.AUTHOR: frozenset(
            {
                Permission.SEE_PROGRAMS,
                Permission.SEE_UNPUBLISHED_PROGRAMS,
                Permission.CHANGE_PROGRAMS,
                Permission.CHANGE_CONTENT,
                Permission.SEE_DIRECTORIES,
                Permission.SEE_RESTRICTED_RUNS,
                Permission.SEE_CONTENT,
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
    if Permission.SEE_RESTRICTED_RUNS in permissions:
        return None
    return or_(CourseRun.is_restricted == false(), _is_member(CourseRun.id))


def _is_member(run: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    of = DirectoryMember
    member = select(of.course_run_id).outerjoin(DirectoryRun, DirectoryRun.course_run_id == of.course_run_id)
    member = member.where(of.username == bindparam(VIEWER, type_=String()))
    return exists(member.where(or_(of.course_run_id == run, DirectoryRun.parent_run_id == run)))


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
    """Whether a run is of an organization whose authors the viewer is among, by grant."""
    return exists().where(
        RoleGrant.username == bindparam(VIEWER, type_=String()),
        or_(RoleGrant.role == Role.AUTHOR.value, RoleGrant.role == Role.ADMIN.value),
        RoleGrant.organization_id == Course.organization_id,
        Course.id == CourseRun.course_id,
        CourseRun.id == run,
    )


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
