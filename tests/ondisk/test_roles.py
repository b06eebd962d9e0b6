from pathlib import Path

import pytest

from ondisk.diagnostics import Code, Severity
from ondisk.library import read_library
from ondisk.roles import Access, Grant, Role, inherit_roles
from tests.ondisk.trees import codes, errors, read_course, read_section, write_course

ROLES = "role_info.json"
TEACHER, ASSISTANT = Role.INSTRUCTOR, Role.TEACHING_ASSISTANT
ALLOW, DENY = Access.ALLOW, Access.DENY
EDITOR = "nti.roles.course_content_editor"


def test_roles_map_to_users_given_or_denied_them(tmp_path: Path) -> None:
    """spec/course-directories.rst, "role_info.json": the example."""
    roles = {
        "nti.roles.course_instructor": {"allow": ["harp4162"], "deny": ["steve.johnson@nextthought.com"]},
        "nti.roles.course_ta": {"allow": ["jmadden", " jmadden "], "deny": None},
    }
    write_course(tmp_path, {ROLES: roles})

    course = read_course(tmp_path)

    assert course.usable
    assert course.roles == (
        Grant("nti.roles.course_instructor", "harp4162", ALLOW),
        Grant("nti.roles.course_instructor", "steve.johnson@nextthought.com", DENY),
        Grant("nti.roles.course_ta", "jmadden", ALLOW),
    )


def test_who_is_both_allowed_and_denied_is_denied(tmp_path: Path) -> None:
    write_course(tmp_path, {ROLES: {TEACHER: {"deny": ["a"], "allow": ["a"]}, ASSISTANT: {"allow": ["a"]}}})
    course = read_course(tmp_path)
    assert set(course.roles) == {Grant(TEACHER, "a", DENY), Grant(ASSISTANT, "a", ALLOW)}
    assert Code.NO_EFFECT in codes(course.diagnostics, Severity.ADVICE)


@pytest.mark.parametrize(
    ("roles", "code", "line"),
    [
        ('{\n"nti.roles.course_teacher": {}}', Code.UNKNOWN_ROLE, 2),
        (f'{{"{TEACHER}": {{}},\n"{EDITOR}": {{"allow": ["a"]}}}}', Code.UNKNOWN_ROLE, 2),
        (f'{{"{TEACHER}":\n{{"alow": ["a"]}}}}', Code.UNKNOWN_KEY, 2),
        (f'{{"{TEACHER}": {{"allow":\n"bob"}}}}', Code.WRONG_TYPE, 1),
        (f'{{"{TEACHER}": {{"allow": ["a",\n1]}}}}', Code.WRONG_TYPE, 2),
        (f'{{"{TEACHER}": {{"allow": [" "]}}}}', Code.BAD_VALUE, 1),
        (f'{{"{TEACHER}": ["a"]}}', Code.WRONG_TYPE, 1),
        (f'{{"{TEACHER}": null}}', Code.WRONG_TYPE, 1),
        ("[]", Code.WRONG_TYPE, 1),
        ("", Code.JSON, 1),
    ],
)
def test_bad_roles_cost_the_course_and_grant_nothing(tmp_path: Path, roles: str, code: Code, line: int) -> None:
    """spec/course-directories.rst, "role_info.json": only the documented roles are supported."""
    write_course(tmp_path, {ROLES: roles})
    course = read_course(tmp_path)
    assert errors(course.diagnostics) == [(code, line)]
    assert course.roles == ()


def test_other_roles_can_be_accepted(tmp_path: Path) -> None:
    write_course(tmp_path, {ROLES: {EDITOR: {"allow": ["a"]}}, f"Sections/01/{ROLES}": {EDITOR: {"deny": ["a"]}}})
    [site] = read_library(tmp_path, roles=[EDITOR]).sites
    [course] = site.courses
    assert course.roles == (Grant(EDITOR, "a", ALLOW),)
    assert course.sections[0].roles == (Grant(EDITOR, "a", DENY),)


def test_a_section_adds_to_its_courses_roles_and_wins_for_the_same_user(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections": additive unless explicitly overridden."""
    own = {TEACHER: {"allow": ["steve"], "deny": ["ann"]}, ASSISTANT: {"allow": ["bob"]}}
    course = {TEACHER: {"allow": ["ann", "harper"], "deny": ["steve", "mallory"]}}
    write_course(tmp_path, {ROLES: course, f"Sections/01/{ROLES}": own})

    assert set(read_section(tmp_path).roles) == {
        Grant(TEACHER, "harper", ALLOW),
        Grant(TEACHER, "mallory", DENY),
        Grant(TEACHER, "steve", ALLOW),
        Grant(TEACHER, "ann", DENY),
        Grant(ASSISTANT, "bob", ALLOW),
    }
    assert Grant(TEACHER, "steve", DENY) in read_course(tmp_path).roles


def test_roles_are_apart_from_each_other_when_inherited() -> None:
    course, section = Grant(TEACHER, "a", ALLOW), Grant(ASSISTANT, "a", DENY)
    assert inherit_roles([course], [section]) == (course, section)


def test_instructors_of_the_catalog_get_no_role(tmp_path: Path) -> None:
    """spec/course-directories.rst, "course_info.json": instructors are for display only."""
    write_course(tmp_path, {"course_info.json": {"instructors": [{"name": "A", "username": "harp4162"}]}})
    assert read_course(tmp_path).roles == ()
