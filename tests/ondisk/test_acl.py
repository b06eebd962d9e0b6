from pathlib import Path, PurePosixPath

import pytest

from ondisk.acl import Acl, Rule, read_acl
from ondisk.diagnostics import Code, Diagnostic, Report
from ondisk.files import Folder
from tests.ondisk.test_fingerprints import unchanged
from tests.ondisk.trees import COURSE, PACKAGE, read_site, write_course, write_package


def read(path: Path, text: str | bytes | None) -> tuple[Acl | None, list[Diagnostic]]:
    if text is not None:
        (path / ".nti_acl").write_bytes(text if isinstance(text, bytes) else text.encode())
    folder = Folder(path, PurePosixPath("package"), Report())
    return read_acl(folder.leniently()), folder.report.found


def test_rules_are_lines_and_comments_are_not(tmp_path: Path) -> None:
    """spec/course-directories.rst, "bundle_meta_info.json": the ACL file of a content package."""
    text = "# staff\nAllow:nextthought.com:All\n\nDeny : tag:x,2011:y : [READ, WRITE]  # why\n"
    acl, found = read(tmp_path, text)
    assert acl is not None
    assert acl.rules == (Rule(True, "nextthought.com", ("All",)), Rule(False, "tag:x,2011:y", ("READ", "WRITE")))
    assert (acl.stamp.path, found) == ("package/.nti_acl", [])


def test_a_package_without_the_file_is_open(tmp_path: Path) -> None:
    assert read(tmp_path, None) == (None, [])


@pytest.mark.parametrize(
    ("text", "line"),
    [("Allow:a:All\nAllow\n", 2), ("allow:a:All", 1), ("Allow::All", 1), ("Allow:a:[]", 1), ("Allow:a:READ", 1)],
)
def test_a_bad_line_lets_nobody_in(tmp_path: Path, text: str, line: int) -> None:
    acl, found = read(tmp_path, text)
    assert acl is not None
    assert acl.rules == ()
    assert [(each.code, each.line) for each in found] == [(Code.BAD_VALUE, line)]


@pytest.mark.parametrize("text", ["", "# nobody\n", b"\xff"])
def test_a_file_without_rules_lets_nobody_in(tmp_path: Path, text: str | bytes) -> None:
    acl, _ = read(tmp_path, text)
    assert acl is not None
    assert acl.rules == ()


def test_denying_everybody_is_warned_of(tmp_path: Path) -> None:
    """spec/course-directories.rst, "bundle_meta_info.json": it must not contain a default-deny entry."""
    _, found = read(tmp_path, "Allow:a:All\nDeny:system.Everyone:All\n")
    assert [(each.code, each.line) for each in found] == [(Code.NO_EFFECT, 2)]


def test_courses_have_the_rules_of_their_packages_and_follow_them(tmp_path: Path) -> None:
    write_package(tmp_path, {".nti_acl": "Allow:a:All"})
    write_course(tmp_path, {}, packages=[PACKAGE])
    before = read_site(tmp_path)
    [course] = before.courses
    assert course.acls == {PACKAGE: (Rule(True, "a", ("All",)),)}
    assert any(stamp.path.endswith(".nti_acl") for stamp in course.files)
    assert unchanged(tmp_path, before) == [COURSE]
    write_package(tmp_path, {".nti_acl": "Allow:b:All"})
    assert unchanged(tmp_path, before) == []


def test_rules_that_cannot_be_read_open_nothing(tmp_path: Path) -> None:
    (tmp_path / ".nti_acl").mkdir()
    acl, found = read(tmp_path, None)
    assert acl is not None
    assert acl.rules == ()
    assert [diagnostic.code for diagnostic in found] == [Code.WRONG_KIND]
