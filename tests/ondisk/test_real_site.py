"""The sample site of the layout's first implementation, if it is at hand: what its own tests expected."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ondisk.assignments import AssignmentDates
from ondisk.courses import Course, inherit
from ondisk.diagnostics import Code, Severity
from ondisk.library import Library, read_library
from ondisk.outline import Lesson, Unit
from ondisk.roles import Access, Grant, Role
from tests.ondisk.trees import codes

ROOT = Path(__file__).parents[3] / "shared" / "data" / "course-directories"
PREFIX = "tag:nextthought.com,2011-10:NTI-CourseInfo-Spring2014_Gateway"


@pytest.fixture(scope="module")
def library() -> Library:
    if not ROOT.is_dir():
        pytest.skip(f"the sample site is not at hand ({ROOT})")
    return read_library(ROOT)


@pytest.fixture(scope="module")
def gateway(library: Library) -> Course:
    [site] = library.sites
    [course] = site.courses
    return course


def test_the_site_has_one_level_one_course_and_two_sections(library: Library, gateway: Course) -> None:
    [site] = library.sites
    assert (site.name, [str(path) for path in site.levels], site.withheld) == ("platform.ou.edu", ["Spring2014"], ())
    assert [one.ntiid for one in (gateway, *gateway.sections)] == [
        PREFIX, f"{PREFIX}_SubInstances_01", f"{PREFIX}_SubInstances_02",
    ]  # fmt: skip
    assert all(one.usable for one in (gateway, *gateway.sections))


def test_the_only_problems_are_the_missing_package_and_the_directorys_name(library: Library, gateway: Course) -> None:
    assert list(library.all_diagnostics()) == list(gateway.diagnostics)
    assert codes(gateway.diagnostics, Severity.WARNING) == [Code.MISSING_PACKAGE]
    assert codes(gateway.diagnostics, Severity.ADVICE) == [Code.ID_MISMATCH]


def test_the_courses_entry(gateway: Course) -> None:
    entry = gateway.entry
    assert (entry.provider_unique_id, entry.title, entry.creators) == ("CLC 3403", "Law and Justice", ("Jason",))
    assert entry.start == datetime(2013, 8, 13, 6, tzinfo=UTC)
    assert entry.ends == datetime(2013, 12, 3, 6, tzinfo=UTC)
    assert entry.sign_off == "Dr. Kyle Harper\n\nAssociate Professor of Classics"
    assert entry.instructors is not None
    assert (entry.instructors[0].username, entry.instructors[0].photo) == ("harp4162", "/images/Harper.png")
    assert entry.prerequisites == ()
    assert gateway.bundle.title == "A Title"
    assert gateway.bundle.packages == ("tag:nextthought.com,2011-10:USSC-HTML-Cohen.cohen_v._california.",)


def test_the_courses_outline(gateway: Course) -> None:
    assert gateway.outline is not None
    units = gateway.outline.units
    assert [len(unit.lessons) for unit in units] == [2, 8, 8, 5, 4, 4]
    assert len(list(gateway.outline.nodes())) == 38
    first, stub = units[0].lessons
    assert (units[0].title, first.title) == ("Introduction", "1. Defining Law and Justice")
    assert first.ending == datetime(2013, 8, 22, 4, 59, 59, 999999, tzinfo=UTC)
    assert [lesson.topic for lesson in first.lessons] == ["tag:nextthought.com,2011-10:OU-HTML-DNE"]
    assert stub.stub
    assert {(lesson.beginning, lesson.ending) for lesson in units[5].lessons} == {
        (None, datetime(2014, 1, 1, 5, 59, 59, 999999, tzinfo=UTC))
    }


def test_roles_vendors_and_images(gateway: Course) -> None:
    assert gateway.roles == (
        Grant(Role.INSTRUCTOR, "harp4162", Access.ALLOW),
        Grant(Role.INSTRUCTOR, "steve.johnson@nextthought.com", Access.DENY),
        Grant(Role.TEACHING_ASSISTANT, "jmadden", Access.ALLOW),
    )
    assert gateway.vendor == {"OU": {"key": 42}}
    assert [(assets.platform, assets.version, len(assets.files)) for assets in gateway.assets] == [("shared", 1, 2)]


def test_the_sections_inherit_exactly(gateway: Course) -> None:
    one, two = (inherit(gateway, section) for section in gateway.sections)
    assert (one.entry.provider_unique_id, one.entry.title, one.entry.creators) == (
        "CLC 3403-01", "Law and Justice", ("Steve",),
    )  # fmt: skip
    assert two.entry == gateway.entry
    assert (one.vendor, two.vendor) == ({"OU": {"key2": 72}}, {})
    assert one.outline is gateway.outline
    assert two.outline is not None
    nodes = [node for _, node in two.outline.nodes()]
    assert [type(node) for node in nodes] == [Unit, Lesson, Lesson, Lesson]
    assert one.roles == two.roles == gateway.roles
    assert one.assets == two.assets == gateway.assets
    quiz = "tag:nextthought.com,2011-10:OU-NAQ-CLC3403_LawAndJustice.naq.asg:QUIZ1_aristotle"
    assert two.assignment_dates == {quiz: AssignmentDates(datetime(2014, 1, 22, 6, tzinfo=UTC))}
    assert one.assignment_dates == {}
