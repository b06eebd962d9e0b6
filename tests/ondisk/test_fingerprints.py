"""Courses that were read before are not read again as long as nothing about them is another."""

import os
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import pytest

from ondisk import fingerprints
from ondisk.diagnostics import Code
from ondisk.fingerprints import Known, fingerprint
from ondisk.library import Site, read_library
from tests.ondisk.trees import COURSE, PACKAGE, SITE, codes, read_site, site_of, write, write_course, write_package

FILES = {
    "role_info.json": "{}",
    "Sections/01/role_info.json": "{}",
    "presentation-assets/shared/v1/a.png": "1",
}


def known(site: Site) -> Mapping[str, Known]:
    return {
        str(course.path): Known(course.fingerprint, tuple(section.path for section in course.sections), course.stamp)
        for course in site.courses
        if course.fingerprint
    }


def again(root: Path, before: Site, roles: tuple[str, ...] = ()) -> Site:
    return site_of(read_library(root, known={SITE: known(before)}, roles=roles))


def unchanged(root: Path, before: Site, roles: tuple[str, ...] = ()) -> list[str]:
    return [str(path) for path in again(root, before, roles).unchanged]


def test_a_course_that_is_the_same_is_not_read_again_whatever_its_dates(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Synchronization": we need no reliable dates of files."""
    write_course(tmp_path, FILES)
    write_course(tmp_path, {}, "Fall2014/Other")
    before = read_site(tmp_path)
    for path in (tmp_path / "sites").rglob("*"):
        os.utime(path, ns=(5, 5))

    after = again(tmp_path, before)

    assert list(after.courses) == []
    assert [str(path) for path in after.unchanged] == [COURSE, "Fall2014/Other"]
    assert (after.levels, after.withheld) == (before.levels, ())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("role_info.json", "[]"),
        ("vendor_info.json", "{}"),
        ("Sections/01/role_info.json", "{ }"),
        ("Sections/02/role_info.json", "{}"),
        ("Sections/empty/x", ""),
        ("presentation-assets/shared/v1/a.png", "2"),
        ("inner/bundle_meta_info.json", "{}"),
        ("../../../clc/eclipse-toc.xml", f'<toc ntiid="{PACKAGE}"/>'),
        ("../../../clc/course_info.json", "{}"),
        ("../../../clc/presentation-assets/shared/v1/b.png", ""),
        ("../../../new/eclipse-toc.xml", '<toc ntiid="tag:nextthought.com,2011-10:OU-HTML-New.new"/>'),
    ],
)
def test_whatever_matters_to_a_course_has_it_read_again(tmp_path: Path, name: str, content: str) -> None:
    write_package(tmp_path, {})
    write_course(tmp_path, FILES)
    before = read_site(tmp_path)
    path = tmp_path / "sites" / SITE / "Courses" / COURSE
    times = (path / name).stat() if (path / name).exists() else None
    write(path, {name: content})
    if times:
        os.utime(path / name, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert unchanged(tmp_path, before) == []


@pytest.mark.parametrize("name", ["Sections/01", "role_info.json", "presentation-assets/shared/v1/a.png"])
def test_what_is_removed_or_renamed_has_the_course_read_again(tmp_path: Path, name: str) -> None:
    write_course(tmp_path, FILES)
    before = read_site(tmp_path)
    path = tmp_path / "sites" / SITE / "Courses" / COURSE / name
    path.rename(path.with_name("other"))
    assert unchanged(tmp_path, before) == []


def test_other_roles_have_everything_read_again(tmp_path: Path) -> None:
    write_course(tmp_path, FILES)
    before = read_site(tmp_path)
    assert unchanged(tmp_path, before, roles=("editor",)) == []


def test_temporary_files_do_not_count_and_links_always_do(tmp_path: Path) -> None:
    write_course(tmp_path, FILES)
    before = read_site(tmp_path)
    course = tmp_path / "sites" / SITE / "Courses" / COURSE
    write(course, {".role_info.json.swp": "", "role_info.json~": ""})
    assert unchanged(tmp_path, before) == [COURSE]
    (course / "link").symlink_to("role_info.json")
    assert fingerprint(course) is None
    assert unchanged(tmp_path, before) == []


@pytest.mark.parametrize("files", [{"role_info.json": "["}, {"Sections/02/role_info.json": "["}, {"Sections/é/x": ""}])
def test_a_course_with_errors_is_read_each_time(tmp_path: Path, files: dict[str, str]) -> None:
    write_course(tmp_path, FILES | files | {"Sections/数/role_info.json": "{}"})
    before = read_site(tmp_path)
    assert [course.fingerprint for course in before.courses] == [None]


def test_a_new_course_that_conflicts_with_an_unchanged_one_withholds_both(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Courses Directory"."""
    write_course(tmp_path, FILES)
    before = read_site(tmp_path)
    write_course(tmp_path, {}, "Fall2014/CLC/3403")

    after = again(tmp_path, before)

    assert (dict(after.unchanged), list(after.courses)) == ({}, [])
    assert [str(path) for path in after.withheld] == ["Fall2014/CLC/3403", COURSE]
    assert codes(after.diagnostics, after.diagnostics[0].severity) == [Code.NAME_CONFLICT] * 2


def stamped(root: Path) -> Site:
    """The site, whose files were last touched long enough ago for a stamp."""
    with patch.object(fingerprints, "SETTLED_NS", -(10**9)):
        return read_site(root)


def test_a_course_that_nobody_touched_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_course(tmp_path, FILES)
    before = stamped(tmp_path)
    monkeypatch.setattr(fingerprints, "SETTLED_NS", -(10**9))
    monkeypatch.setattr(fingerprints, "of_file", lambda _: pytest.fail("it was opened"))
    assert unchanged(tmp_path, before) == [COURSE]


def test_an_edit_is_seen_whatever_is_done_to_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_course(tmp_path, FILES)
    before = stamped(tmp_path)
    monkeypatch.setattr(fingerprints, "SETTLED_NS", -(10**9))
    path = tmp_path / "sites" / SITE / "Courses" / COURSE / "role_info.json"
    times = path.stat()
    path.write_text("[]")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert unchanged(tmp_path, before) == []


def test_what_was_touched_just_now_has_no_stamp(tmp_path: Path) -> None:
    write_course(tmp_path, FILES)
    [course] = read_site(tmp_path).courses
    assert (course.stamp, course.fingerprint is None) == (None, False)


def test_what_cannot_be_listed_has_no_fingerprint_and_no_stamp(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "none") is None
    assert fingerprints.stamp(tmp_path / "none") is None
    (tmp_path / ("d/" * 40)).mkdir(parents=True)
    assert fingerprint(tmp_path) is None


def test_courses_beside_a_package_that_cannot_be_read_are_read_each_time(tmp_path: Path) -> None:
    write_course(tmp_path, FILES, packages=[PACKAGE])
    write_package(tmp_path, {".nti_acl": "Allow:x:All\n"})
    assert known(read_site(tmp_path))

    (tmp_path / "sites" / SITE / "clc" / ".nti_acl").unlink()
    (tmp_path / "sites" / SITE / "clc" / ".nti_acl").symlink_to("elsewhere")
    assert known(read_site(tmp_path)) == {}
