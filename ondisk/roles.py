"""`role_info.json`: who has which administrative role in a course or section.

A section adds to its course's roles (spec/course-directories.rst, "role_info.json" and "Course Sections").
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ondisk.diagnostics import Code
from ondisk.documents import Item, Rejected, read_json
from ondisk.files import Folder
from ondisk.values import word

__all__ = ["ROLES", "Access", "Grant", "Role", "inherit_roles", "read_roles"]

ROLES = "role_info.json"
MAX_USERNAME = 255


class Role(StrEnum):
    """The roles of the layout; no others are supported."""

    INSTRUCTOR = "nti.roles.course_instructor"
    TEACHING_ASSISTANT = "nti.roles.course_ta"


class Access(StrEnum):
    """Whether a user is given a role, or denied it."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given or denied to a user, who need not have an account yet. `role` is a `Role` or an extra one."""

    role: str
    user: str
    access: Access


def read_roles(folder: Folder, extra: Collection[str] = ()) -> tuple[Grant, ...]:
    """The roles in a directory's file, at most one grant per role and user, in order; none if there is no file.

    Roles that are neither of the layout nor `extra` are errors. Who is both allowed and denied is denied.
    """
    if (item := read_json(folder, ROLES)) is None:
        return ()
    found: dict[tuple[str, str], Grant] = {}
    try:
        for role, rules in item.members().items():
            check_role(rules, role, extra)
            found |= {(role, grant.user): grant for grant in grants(role, rules)}
    except Rejected as error:
        item.report(error)
        return ()
    return tuple(found.values())


def check_role(rules: Item, role: str, extra: Collection[str]) -> None:
    """See that a role is known, and that nothing but `allow` and `deny` is said about it."""
    if role not in {*Role, *extra}:
        raise rules.rejected("there is no such role", Code.UNKNOWN_ROLE)
    for key, member in rules.members().items():
        if key not in {*Access}:
            raise member.rejected("only 'allow' and 'deny' have a meaning", Code.UNKNOWN_KEY)


def grants(role: str, rules: Item) -> Iterable[Grant]:
    """The grants of one role: those allowed, then those denied."""
    lists = {access: users(rules, access) for access in Access}
    for user in lists[Access.ALLOW].keys() & lists[Access.DENY].keys():
        lists[Access.DENY][user].advise(Code.NO_EFFECT, f"{user!r} is also allowed; they are denied")
        del lists[Access.ALLOW][user]
    return [Grant(role, user, access) for access, named in lists.items() for user in named]


def users(rules: Item, access: Access) -> dict[str, Item]:
    """The users in one list of a role; the list may be missing or null."""
    listed = rules.members().get(access)
    if listed is None or listed.value is None:
        return {}
    return {word(element, most=MAX_USERNAME): element for element in listed.elements()}


def inherit_roles(course: Iterable[Grant], section: Iterable[Grant]) -> tuple[Grant, ...]:
    """The roles in a section: its course's and its own, which wins for the same role and user."""
    merged = {(grant.role, grant.user): grant for grant in course}
    merged |= {(grant.role, grant.user): grant for grant in section}
    return tuple(merged.values())
