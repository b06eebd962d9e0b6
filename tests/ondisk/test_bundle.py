from pathlib import Path

import pytest

from ondisk.bundle import Bundle
from ondisk.diagnostics import Code, Severity
from tests.ondisk.trees import PACKAGE, codes, errors, read_course, write_course

META = "bundle_meta_info.json"
OTHER = "tag:nextthought.com,2011-10:USSC-HTML-Cohen.cohen_v._california."


@pytest.mark.parametrize("ntiid", [{}, {"ntiid": ""}, {"ntiid": "tag:nextthought.com,2011-10:NTI-Bundle-ABundle"}])
def test_a_bundle_names_packages_and_a_title_and_its_own_identifier_is_ignored(
    tmp_path: Path, ntiid: dict[str, str]
) -> None:
    """spec/course-directories.rst, "bundle_meta_info.json"."""
    write_course(tmp_path, {META: {**ntiid, "ContentPackages": [OTHER], "title": "A Title"}})

    course = read_course(tmp_path)

    assert course.bundle == Bundle((OTHER,), "A Title")
    assert course.bundle_ntiid == "tag:nextthought.com,2011-10:NTI-Bundle:CourseBundle-Fall2014_CLC_3403"
    assert course.usable


def test_packages_keep_their_order_and_are_each_named_once(tmp_path: Path) -> None:
    write_course(tmp_path, {META: {"ContentPackages": [PACKAGE, OTHER, PACKAGE]}})
    course = read_course(tmp_path)
    assert course.bundle.packages == (PACKAGE, OTHER)
    assert Code.NO_EFFECT in codes(course.diagnostics, Severity.ADVICE)


def test_a_bundle_may_be_without_packages(tmp_path: Path) -> None:
    write_course(tmp_path, {META: {"ContentPackages": []}})
    assert read_course(tmp_path).usable
    write_course(tmp_path, {META: {}})
    course = read_course(tmp_path)
    assert course.usable
    assert (Code.MISSING, META) in [(found.code, found.path.rpartition("/")[2]) for found in course.diagnostics]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", Code.JSON),
        ("[]", Code.WRONG_TYPE),
        ({"ContentPackages": OTHER}, Code.WRONG_TYPE),
        ({"ContentPackages": [1]}, Code.WRONG_TYPE),
        ({"ContentPackages": ["cohen"]}, Code.BAD_NTIID),
        ({"ContentPackages": [], "title": {}}, Code.WRONG_TYPE),
    ],
)
def test_a_bad_bundle_costs_its_course(tmp_path: Path, content: object, code: Code) -> None:
    write_course(tmp_path, {META: content, "course_info.json": {"id": "CLC 3403"}})
    course = read_course(tmp_path)
    assert errors(course.diagnostics) == [(code, 1)]
    assert course.entry.provider_unique_id == "CLC 3403"
