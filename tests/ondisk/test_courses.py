import os
from pathlib import Path

import pytest

from ondisk.courses import inherit
from ondisk.diagnostics import Code, Severity
from tests.ondisk.trees import (
    BUNDLE,
    CONTENTS,
    COURSE,
    PACKAGE,
    SITE,
    codes,
    errors,
    ordinary_user,
    read_course,
    read_section,
    read_site,
    write,
    write_course,
    write_package,
)

OUTLINE = '<course><unit label="Own"/></course>'


def titles(tmp_path: Path, section: str | None = None) -> list[str | None] | None:
    found = read_section(tmp_path, section) if section else read_course(tmp_path)
    return None if found.outline is None else [unit.title for unit in found.outline.units]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("course_info.json", "{}"),
        ("dc_metadata.xml", "<metadata/>"),
        ("course_outline.xml", OUTLINE),
        ("role_info.json", "{}"),
        ("vendor_info.json", "{}"),
        ("assignment_date_overrides.json", "{}"),
    ],
)
def test_any_file_of_a_course_makes_a_directory_a_section(tmp_path: Path, name: str, content: str) -> None:
    """spec/course-directories.rst, "Course Sections"."""
    write_course(tmp_path, {f"Sections/02-Restricted/{name}": content})
    [section] = read_course(tmp_path).sections
    assert section.usable
    assert section.name == "02-Restricted"
    assert str(section.path) == f"{COURSE}/Sections/02-Restricted"
    entry = "tag:nextthought.com,2011-10:NTI-CourseInfo-Fall2014_CLC_3403_SubInstances_02_Restricted"
    assert section.ntiid == entry


def test_a_directory_without_such_a_file_is_no_section(tmp_path: Path) -> None:
    write_course(tmp_path, {"Sections/readme": "", "Sections/.svn/role_info.json": "{}"})
    for name in ("presentation-assets/shared/v1/a.png", "notes.txt", "bundle_meta_info.json"):
        write_course(tmp_path, {f"Sections/{len(name)}/{name}": "{}"})
    (tmp_path / "sites" / SITE / "Courses" / COURSE / "Sections/empty").mkdir()

    site = read_site(tmp_path)

    assert site.courses[0].sections == ()
    assert codes(site.diagnostics, Severity.WARNING) == [Code.NOT_A_SECTION] * 3


def test_sections_have_no_sections_and_no_bundle_of_their_own(tmp_path: Path) -> None:
    inner = ["role_info.json", "bundle_meta_info.json", "Sections/a/role_info.json"]
    write_course(tmp_path, {f"Sections/01/{name}": "{}" for name in inner})
    [section] = read_course(tmp_path).sections
    assert section.usable
    assert codes(section.diagnostics, Severity.ADVICE) == [Code.NO_EFFECT] * 2


def test_names_count_exactly_and_near_ones_are_warned_of(tmp_path: Path) -> None:
    write_course(tmp_path, {"sections/01/role_info.json": "{}", "Role_Info.json": "{}", "course-info.json": "{}"})
    write_course(tmp_path, {"instructor_info.json": "", "notes.txt": "", "role_info.json~": "", ".role_info.json": ""})
    course = read_course(tmp_path)
    assert course.sections == ()
    found = [found.path.rpartition("/")[2] for found in course.diagnostics if found.code is Code.NEAR_MISS]
    assert found == ["Role_Info.json", "course-info.json", "sections"]
    assert course.usable


@pytest.mark.parametrize("kind", ["file", "link"])
def test_sections_that_are_no_directory_are_an_error_and_not_no_sections(tmp_path: Path, kind: str) -> None:
    write_course(tmp_path, {})
    sections = tmp_path / "sites" / SITE / "Courses" / COURSE / "Sections"
    if kind == "file":
        sections.write_text("")
    else:
        sections.symlink_to("..")
    course = read_course(tmp_path)
    assert course.sections == ()
    assert errors(course.diagnostics) == [(Code.WRONG_KIND if kind == "file" else Code.SYMLINK, None)]


def test_linked_and_badly_named_sections_are_withheld_from_a_usable_course(tmp_path: Path) -> None:
    write_course(tmp_path, {"Sections/01/role_info.json": "{}", "Sections/数/role_info.json": "{}"})
    sections = tmp_path / "sites" / SITE / "Courses" / COURSE / "Sections"
    (sections / "02").symlink_to("01")

    site = read_site(tmp_path)

    assert [section.name for section in site.courses[0].sections] == ["01"]
    assert site.courses[0].usable
    assert [path.name for path in site.withheld] == ["02", "数"]


def test_a_section_that_cannot_be_read_is_withheld(open_folder: Path) -> None:
    write_course(open_folder, {"Sections/01/role_info.json": "{}", "Sections/02/role_info.json": "{}"})
    (open_folder / "sites" / SITE / "Courses" / COURSE / "Sections/01").chmod(0)

    with ordinary_user():
        site = read_site(open_folder)

    assert [section.name for section in site.courses[0].sections] == ["02"]
    assert [path.name for path in site.withheld] == ["01"]
    assert errors(site.diagnostics) == [(Code.UNREADABLE, None)]


def test_a_linked_or_unreadable_file_costs_its_course(open_folder: Path) -> None:
    write_course(open_folder, {"role_info.json": "{}", "vendor_info.json": "{}"})
    course = open_folder / "sites" / SITE / "Courses" / COURSE
    (course / "role_info.json").chmod(0)
    (course / "course_info.json").symlink_to("/etc/passwd")
    with ordinary_user():
        found = read_course(open_folder)
    (course / "course_info.json").unlink()
    assert errors(found.diagnostics) == [(Code.SYMLINK, None), (Code.UNREADABLE, None)]


def test_a_sections_outline_replaces_that_of_its_course(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections"."""
    write_course(tmp_path, {"course_outline.xml": OUTLINE, "Sections/02/role_info.json": "{}"})
    write_course(tmp_path, {"Sections/01/course_outline.xml": "<course/>"})
    assert titles(tmp_path) == ["Own"]
    assert titles(tmp_path, "01") == []
    assert titles(tmp_path, "02") == ["Own"]


def test_a_course_without_outline_and_information_has_those_of_its_packages(tmp_path: Path) -> None:
    """spec/course-directories.rst, "course_info.json" and "course_outline.xml": for legacy migration."""
    other = PACKAGE + "_2"
    write_package(tmp_path, {}, contents=f'<toc ntiid="{other}"/>', name="a")
    write_package(tmp_path, {"course_info.json": {"id": "CLC 3403", "title": "Package"}})
    write_course(tmp_path, {"dc_metadata.xml": "<m/>", "Sections/01/role_info.json": "{}"}, packages=[other, PACKAGE])

    course = read_course(tmp_path)

    assert titles(tmp_path) == titles(tmp_path, "01") == ["From the package"]
    assert course.entry.title == "Package"
    assert course.entry.sources["title"] == f"sites/{SITE}/clc/course_info.json"
    assert read_section(tmp_path).entry.title == "Package"
    paths = {stamp.path for stamp in course.files}
    assert {f"sites/{SITE}/clc/course_info.json", f"sites/{SITE}/clc/eclipse-toc.xml"} <= paths

    write_course(tmp_path, {"course_info.json": {"id": "Own"}, "course_outline.xml": OUTLINE}, packages=[PACKAGE])
    os.utime(tmp_path / "sites" / SITE / "Courses" / COURSE / "course_info.json", ns=(5, 5))
    assert read_course(tmp_path).entry.title is None
    assert titles(tmp_path) == ["Own"]


def test_a_course_that_has_neither_is_warned_of(tmp_path: Path) -> None:
    write_course(tmp_path, {}, packages=[PACKAGE])
    course = read_course(tmp_path)
    assert course.usable
    assert (course.outline, course.entry.title) == (None, None)
    warnings = codes(course.diagnostics, Severity.WARNING)
    assert (warnings.count(Code.MISSING_PACKAGE), warnings.count(Code.MISSING)) == (1, 3)
    assert codes(course.diagnostics, Severity.ADVICE) == [Code.MISSING]


@pytest.mark.parametrize(("number", "told"), [("CLC 3403", False), ("CLC 3404", True)])
def test_a_directory_should_have_the_name_of_the_course(tmp_path: Path, number: str, told: bool) -> None:
    """spec/course-directories.rst, "Course Directory"."""
    write_course(tmp_path, {"course_info.json": {"id": number}, "role_info.json": {}})
    course = read_course(tmp_path)
    assert (Code.ID_MISMATCH in codes(course.diagnostics, Severity.ADVICE)) is told


def test_a_bad_course_costs_neither_its_sections_nor_other_courses(tmp_path: Path) -> None:
    write_course(tmp_path, {"role_info.json": "", "Sections/01/role_info.json": "{}"}, "Fall2014/Bad")
    write_course(tmp_path, {"Sections/01/role_info.json": "{", "Sections/02/role_info.json": "{}"}, "Fall2014/Good")

    bad, good = read_site(tmp_path).courses

    assert (bad.usable, good.usable) == (False, True)
    assert [section.usable for section in bad.sections] == [True]
    assert [section.usable for section in good.sections] == [False, True]


def test_every_edit_shows_in_the_digest_of_its_course_or_section_alone(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Synchronization", trusts dates of files; we need not."""
    write_package(tmp_path, {})
    files = {"role_info.json": "{}", "Sections/01/role_info.json": "{}", "presentation-assets/shared/v1/a.png": "1"}
    write_course(tmp_path, files, packages=[PACKAGE])

    def digests() -> tuple[str, str]:
        course = read_course(tmp_path)
        return course.digest, course.sections[0].digest

    seen = [digests()]
    assert digests() == seen[0]
    root = tmp_path / "sites" / SITE
    for name, content in [
        ("role_info.json", "{ }"),
        ("presentation-assets/shared/v1/a.png", "2"),
        ("vendor_info.json", "{}"),
        ("../../../clc/eclipse-toc.xml", CONTENTS.replace("From the", "Of the")),
    ]:
        path = root / "Courses" / COURSE / name
        times = path.stat() if path.exists() else None
        path.write_text(content)
        if times:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        seen.append(digests())
    (root / "Courses" / COURSE / "vendor_info.json").unlink()
    seen.append(digests())

    assert len({course for course, _ in seen}) == len(seen)
    assert len({section for _, section in seen}) == 1
    write(root, {f"Courses/{COURSE}/Sections/01/role_info.json": "{ }"})
    assert digests()[0] == seen[-1][0]
    assert digests()[1] != seen[-1][1]


def test_what_holds_in_a_section_keeps_its_own_path_and_problems(tmp_path: Path) -> None:
    write_course(tmp_path, {"Sections/01/vendor_info.json": "[]"})
    course = read_course(tmp_path)
    effective = inherit(course, course.sections[0])
    assert (effective.path, effective.ntiid) == (course.sections[0].path, course.sections[0].ntiid)
    assert not effective.usable
    assert course.bundle.title == BUNDLE["title"]
