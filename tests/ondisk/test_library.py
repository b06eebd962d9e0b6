import os
from pathlib import Path, PurePosixPath

import pytest

from ondisk.diagnostics import Code, Severity
from ondisk.library import read_library
from tests.ondisk.trees import (
    BUNDLE,
    CONTENTS,
    PACKAGE,
    SITE,
    codes,
    errors,
    ordinary_user,
    read_course,
    read_site,
    site_of,
    write,
    write_course,
    write_package,
    write_site,
)

META = "bundle_meta_info.json"


def paths(found: tuple[PurePosixPath, ...]) -> list[str]:
    return [str(path) for path in found]


def test_a_directory_with_a_bundle_is_a_course_in_its_administrative_levels(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Courses Directory": levels at any depth."""
    write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE, f"PHIL/Fall2013/Ethics/{META}": BUNDLE})

    site = read_site(tmp_path)

    assert paths(site.levels) == ["Fall2014", "PHIL", "PHIL/Fall2013"]
    assert [str(course.path) for course in site.courses] == ["Fall2014/CLC 3403", "PHIL/Fall2013/Ethics"]
    assert [course.ntiid for course in site.courses] == [
        "tag:nextthought.com,2011-10:NTI-CourseInfo-Fall2014_CLC_3403",
        "tag:nextthought.com,2011-10:NTI-CourseInfo-PHIL_Fall2013_Ethics",
    ]


def test_a_level_may_be_empty_and_files_and_hidden_directories_in_it_do_not_count(tmp_path: Path) -> None:
    write_site(tmp_path, {"README": "", "Fall2014/notes.txt": "", f"Fall2014/.git/{META}": BUNDLE, ".svn/x": ""})

    site = read_site(tmp_path)

    assert paths(site.levels) == ["Fall2014"]
    assert not site.courses
    assert errors(site.diagnostics) == []


def test_a_course_has_no_courses_below_it(tmp_path: Path) -> None:
    write_course(tmp_path, {f"Inner/{META}": BUNDLE})

    course = read_course(tmp_path)

    assert Code.NO_EFFECT in codes(course.diagnostics, Severity.WARNING)
    assert course.usable


def test_a_course_directly_in_courses_is_read_with_an_advice(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Directory": any directory within `Courses`."""
    write_site(tmp_path, {f"CLC 3403/{META}": BUNDLE})

    site = read_site(tmp_path)

    assert [course.name for course in site.courses] == ["CLC 3403"]
    assert codes(site.diagnostics, Severity.ADVICE) == [Code.NO_ADMIN_LEVEL]


def test_a_site_without_courses_is_told_from_one_whose_courses_are_gone(tmp_path: Path) -> None:
    write(tmp_path / "sites", {"content.example.edu/readme": "", "courses.example.edu/courses/x": ""})
    (tmp_path / "sites/empty.example.edu/Courses").mkdir(parents=True)

    content, near, empty = read_library(tmp_path).sites

    assert (content.found, codes(content.diagnostics, Severity.ADVICE)) == (False, [Code.MISSING])
    assert (near.found, codes(near.diagnostics, Severity.WARNING)) == (False, [Code.MISSING])
    assert near.diagnostics[0].related == "sites/courses.example.edu/courses"
    assert (empty.found, codes(empty.diagnostics, Severity.WARNING)) == (True, [Code.MISSING])


@pytest.mark.parametrize("kind", ["file", "missing"])
def test_a_library_without_sites_is_an_error_and_not_an_empty_library(tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (tmp_path / "sites").write_text("")

    library = read_library(tmp_path)

    assert not library.found
    assert len(errors(library.diagnostics)) == 1


def test_a_library_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    library = read_library(tmp_path / "unmounted")

    assert (library.found, library.sites) == (False, ())
    assert errors(library.diagnostics) == [(Code.UNREADABLE, None)]


@pytest.mark.parametrize("other", ["CLC_3403", "clc 3403", "CLC3403", "C.L.C 3403", "clc-3403 "])
def test_names_beside_each_other_that_conflict_are_told_with_both_paths(tmp_path: Path, other: str) -> None:
    """spec/course-directories.rst, "Courses Directory": case, spaces and special characters are ignored."""
    write_site(tmp_path, {f"Fall2014/{name}/{META}": BUNDLE for name in ("CLC 3403", other, "CHEM 4970")})

    site = read_site(tmp_path)

    assert [course.name for course in site.courses] == ["CHEM 4970"]
    assert paths(site.withheld) == sorted(["Fall2014/CLC 3403", f"Fall2014/{other}"])
    found = [(problem.path, problem.related) for problem in site.diagnostics if problem.code is Code.NAME_CONFLICT]
    root = f"sites/{SITE}/Courses/Fall2014"
    assert sorted(found) == sorted([(f"{root}/CLC 3403", f"{root}/{other}"), (f"{root}/{other}", f"{root}/CLC 3403")])
    assert {problem.severity for problem in site.diagnostics if problem.related} == {Severity.ERROR}


def test_levels_and_sections_conflict_as_courses_do(tmp_path: Path) -> None:
    write_course(tmp_path, {f"Sections/{name}/role_info.json": {} for name in ("01", "0-1", "02")})
    write_site(tmp_path, {f"Spring 2014/A/{META}": BUNDLE, f"spring2014/B/{META}": BUNDLE})

    site = read_site(tmp_path)

    assert [(course.name, [section.name for section in course.sections]) for course in site.courses] == [
        ("CLC 3403", ["02"])
    ]
    sections = ["Fall2014/CLC 3403/Sections/0-1", "Fall2014/CLC 3403/Sections/01"]
    assert paths(site.withheld) == [*sections, "Spring 2014", "spring2014"]
    assert site.courses[0].usable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fall2014/CLC 3403", "Fall2014/CLC/3403"),
        ("Fall2014/CLC 3403", "fall2014 CLC/3403"),
        ("Fall2014/Übung", "Fall2014/Bung"),
        ("Fall2014/CLC/Sections/01", "Fall2014/CLC SubInstances 01"),
    ],
)
def test_paths_across_levels_that_make_one_identifier_conflict(tmp_path: Path, one: str, other: str) -> None:
    """spec/course-directories.rst, "Courses Directory": paths become identifiers."""
    for path in (one, other):
        course, _, section = path.partition("/Sections/")
        write_site(tmp_path, {f"{course}/{META}": BUNDLE, f"Fall2014/Other/{META}": BUNDLE})
        if section:
            write_site(tmp_path, {f"{path}/role_info.json": {}})

    site = read_site(tmp_path)

    assert set(paths(site.withheld)) == {one, other}
    left = {str(instance.path) for course in site.courses for instance in (course, *course.sections)}
    assert "Fall2014/Other" in left
    assert not left & {one, other}
    assert codes(site.diagnostics, Severity.ERROR) == [Code.NAME_CONFLICT] * 2


def test_paths_that_differ_only_in_how_levels_divide_them_are_warned_of(tmp_path: Path) -> None:
    write_site(tmp_path, {f"CS1/11/{META}": BUNDLE, f"CS/111/{META}": BUNDLE})

    site = read_site(tmp_path)

    assert len(site.courses) == 2
    assert not site.withheld
    assert codes(site.diagnostics, Severity.WARNING) == [Code.NAME_CONFLICT] * 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [("数学", "数学"), ("_-_", "_-_"), ("a\nb", r"a\nb"), ("a\x1bb", r"a\x1bb"), ("a\udcffb", r"a\udcffb")],
)
def test_a_name_that_cannot_be_used_costs_only_its_directory(tmp_path: Path, name: str, shown: str) -> None:
    write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE})
    directory = os.fsencode(tmp_path / "sites" / SITE / "Courses/Fall2014") + b"/" + os.fsencode(name)
    os.mkdir(directory)  # noqa: PTH102 - the name may be no text

    site = read_site(tmp_path)

    assert [course.name for course in site.courses] == ["CLC 3403"]
    assert [(found.code, found.path) for found in site.diagnostics] == [
        (Code.BAD_NAME, f"sites/{SITE}/Courses/Fall2014/{shown}")
    ]
    assert len(site.withheld) == 1


@pytest.mark.parametrize("name", ["CLC 3403 ", " CLC", "CLC.", "Cafe\u0301 1"])
def test_an_unwise_name_is_warned_of(tmp_path: Path, name: str) -> None:
    write_site(tmp_path, {f"Fall2014/{name}/{META}": BUNDLE})

    site = read_site(tmp_path)

    assert [course.name for course in site.courses] == [name]
    assert codes(site.diagnostics, Severity.WARNING) == [Code.BAD_NAME]


@pytest.mark.parametrize("target", ["../../../..", "/etc", "../Fall2014", ".", "nowhere"])
def test_linked_directories_are_not_followed_but_not_taken_for_removed(tmp_path: Path, target: str) -> None:
    write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE})
    courses = tmp_path / "sites" / SITE / "Courses"
    (courses / "Fall2014/Linked").symlink_to(target)
    (courses / "Loop").symlink_to(courses)

    site = read_site(tmp_path)

    assert [course.name for course in site.courses] == ["CLC 3403"]
    assert paths(site.withheld) == ["Fall2014/Linked", "Loop"]
    assert errors(site.diagnostics) == [(Code.SYMLINK, None)] * 2


def test_a_linked_courses_directory_or_site_is_not_followed(tmp_path: Path) -> None:
    write_course(tmp_path, {})
    sites = tmp_path / "sites"
    (sites / "linked.example.edu").symlink_to(sites / SITE)
    (sites / "other.example.edu").mkdir()
    (sites / "other.example.edu/Courses").symlink_to(sites / SITE / "Courses")

    library = read_library(tmp_path)

    assert library.withheld == ("linked.example.edu",)
    other = site_of(library, "other.example.edu")
    assert (other.found, len(other.courses)) == (False, 0)
    assert errors(other.diagnostics) == [(Code.SYMLINK, None)]


def test_the_library_itself_may_be_a_link(tmp_path: Path) -> None:
    write_course(tmp_path / "release-1", {})
    (tmp_path / "current").symlink_to("release-1")

    assert read_course(tmp_path / "current").name == "CLC 3403"


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_a_bundle_that_is_no_file_makes_no_course(tmp_path: Path, kind: str) -> None:
    write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE, "Fall2014/X/y": ""})
    bundle = tmp_path / "sites" / SITE / "Courses/Fall2014/X" / META
    if kind == "directory":
        bundle.mkdir()
    else:
        bundle.symlink_to("../CLC 3403/" + META)

    site = read_site(tmp_path)

    assert [course.name for course in site.courses] == ["CLC 3403"]
    assert paths(site.withheld) == ["Fall2014/X"]
    assert "Fall2014/X" not in paths(site.levels)
    assert len(errors(site.diagnostics)) == 1


def test_sites_are_read_apart_and_some_can_be_chosen(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Directory Structure": a child may have what its parent has."""
    write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE})
    write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE}, "janux.example.edu")

    both = read_library(tmp_path)
    one = read_library(tmp_path, sites=["janux.example.edu"])

    assert len({course.ntiid for site in both.sites for course in site.courses}) == 1
    assert all(len(site.courses) == 1 for site in both.sites)
    assert [site.name for site in one.sites] == ["janux.example.edu"]


def test_sites_that_differ_in_case_conflict(tmp_path: Path) -> None:
    for site in ("a.example.edu", "A.example.edu", "b.example.edu"):
        write_site(tmp_path, {f"Fall2014/CLC 3403/{META}": BUNDLE}, site)

    library = read_library(tmp_path)

    assert [site.name for site in library.sites] == ["b.example.edu"]
    assert set(library.withheld) == {"a.example.edu", "A.example.edu"}
    assert errors(library.diagnostics) == [(Code.NAME_CONFLICT, None)] * 2


def test_a_child_site_uses_the_packages_of_its_parents(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Directory Structure": objects in a parent are visible in the child."""
    write_package(tmp_path, {}, site="base.example.edu")
    write_site(tmp_path, {}, "middle.example.edu")
    write(tmp_path / "sites/middle.example.edu", {"readme": ""})
    write_course(tmp_path, {}, packages=[PACKAGE])

    alone = site_of(read_library(tmp_path)).courses[0]
    chain = {SITE: "middle.example.edu", "middle.example.edu": "base.example.edu", "base.example.edu": SITE}
    child = site_of(read_library(tmp_path, parents=chain)).courses[0]

    assert Code.MISSING_PACKAGE in codes(alone.diagnostics, Severity.WARNING)
    assert Code.MISSING_PACKAGE not in codes(child.diagnostics, Severity.WARNING)
    assert child.outline is not None


def test_a_package_of_the_global_library_is_used_with_a_warning(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Concepts": packages must not be installed in the global library."""
    write(tmp_path / "clc", {"eclipse-toc.xml": CONTENTS})
    write_course(tmp_path, {}, packages=[PACKAGE])

    course = read_course(tmp_path)

    assert Code.GLOBAL_PACKAGE in codes(course.diagnostics, Severity.WARNING)
    assert course.outline is not None


def test_a_directory_that_cannot_be_read_is_not_taken_for_empty(open_folder: Path) -> None:
    write_site(open_folder, {f"Fall2014/CLC 3403/{META}": BUNDLE, f"Fall2015/CLC 3403/{META}": BUNDLE})
    (open_folder / "sites" / SITE / "Courses/Fall2014").chmod(0)

    with ordinary_user():
        site = read_site(open_folder)

    assert [str(course.path) for course in site.courses] == ["Fall2015/CLC 3403"]
    assert paths(site.withheld) == ["Fall2014"]
    assert errors(site.diagnostics) == [(Code.UNREADABLE, None)]


def test_courses_that_cannot_be_read_are_not_taken_for_removed(open_folder: Path) -> None:
    write_site(open_folder, {f"Fall2014/CLC 3403/{META}": BUNDLE})
    (open_folder / "sites" / SITE / "Courses").chmod(0)

    with ordinary_user():
        site = read_site(open_folder)

    assert not site.found
    assert errors(site.diagnostics) == [(Code.UNREADABLE, None)]


def test_a_site_whose_name_cannot_be_kept_is_withheld(tmp_path: Path) -> None:
    write_course(tmp_path, {})
    (tmp_path / "sites" / "bad\nname").mkdir()

    library = read_library(tmp_path)

    assert [site.name for site in library.sites] == [SITE]
    assert library.withheld == ("bad\nname",)
    assert codes(library.diagnostics, Severity.ERROR) == [Code.BAD_NAME]
