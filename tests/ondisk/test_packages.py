from pathlib import Path

import pytest

from ondisk.diagnostics import Code, Severity
from tests.ondisk.trees import (
    CONTENTS,
    PACKAGE,
    SITE,
    codes,
    errors,
    read_course,
    read_site,
    write,
    write_course,
    write_package,
)


def test_packages_are_the_directories_of_a_site_with_a_table_of_contents(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Directory Structure"."""
    write_package(tmp_path, {"images/x.png": b""})
    write(tmp_path / "sites" / SITE, {"no-package/index.html": "", "ContentPackageBundles/b/eclipse-toc.xml": "bad"})
    write_course(tmp_path, {}, packages=[PACKAGE])
    site = read_site(tmp_path)
    assert Code.MISSING_PACKAGE not in codes(site.courses[0].diagnostics, Severity.WARNING)
    assert codes(site.diagnostics, Severity.WARNING) == []


@pytest.mark.parametrize("contents", ["<toc", "<!DOCTYPE toc><toc/>", "<toc/>"])
def test_a_package_that_cannot_be_read_costs_courses_that_may_be_made_of_it(tmp_path: Path, contents: str) -> None:
    write_package(tmp_path, {}, contents=contents)
    write_course(tmp_path, {}, packages=[PACKAGE])
    write_course(tmp_path, {}, "Fall2014/Other")

    site = read_site(tmp_path)

    made, other = site.courses
    assert errors(made.diagnostics) == [(Code.MISSING_PACKAGE, None)]
    assert other.usable
    assert len(codes(site.diagnostics, Severity.WARNING)) == 1


def test_a_linked_package_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"eclipse-toc.xml": CONTENTS})
    write_course(tmp_path, {}, packages=[PACKAGE])
    (tmp_path / "sites" / SITE / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/eclipse-toc.xml").rename(tmp_path / "toc.xml")
    site = read_site(tmp_path)
    assert codes(site.diagnostics, Severity.WARNING) == [Code.SYMLINK]
    assert errors(site.courses[0].diagnostics) == [(Code.MISSING_PACKAGE, None)]


def test_of_two_packages_with_one_identifier_the_first_is_used_with_a_warning(tmp_path: Path) -> None:
    write_package(tmp_path, {"course_info.json": {"title": "A"}}, name="a")
    write_package(tmp_path, {"course_info.json": {"title": "B"}}, name="b")
    write_course(tmp_path, {}, packages=[PACKAGE])
    site = read_site(tmp_path)
    assert site.courses[0].entry.title == "A"
    [found] = site.diagnostics
    assert (found.code, found.related) == (Code.NAME_CONFLICT, f"sites/{SITE}/a/eclipse-toc.xml")


def test_a_bad_file_of_a_package_costs_the_course_that_needs_it(tmp_path: Path) -> None:
    write_package(tmp_path, {"course_info.json": "{"})
    write_course(tmp_path, {}, packages=[PACKAGE])
    course = read_course(tmp_path)
    assert errors(course.diagnostics) == [(Code.JSON, 1)]
    assert course.diagnostics[-1].path
    write_course(tmp_path, {"course_info.json": {"id": "CLC 3403"}}, packages=[PACKAGE])
    assert read_course(tmp_path).usable
