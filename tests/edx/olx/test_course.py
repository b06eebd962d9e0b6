import pytest

from edx.olx import ArchiveRefused, Code, Severity, check, parse, read
from tests.edx.olx.twins import COURSE, INLINE, LIBRARY, block_of, exported, parsed, problem_of, report_of, tarred, unit


def test_a_course_has_the_parts_of_its_key_from_course_xml() -> None:
    course = parsed(COURSE).course
    assert (course.kind, course.org, course.course, course.run) == ("course", "Twin", "T1", "course")
    course = parsed(INLINE).course
    assert (course.org, course.course, course.run) == ("Twin", "T2", "R")
    assert course.root.settings == (("display_name", "Inline"),)


def test_a_library_has_an_organization_and_a_code() -> None:
    """The notes on OLX, §1.1 F2 and §4."""
    found = parsed(LIBRARY, prefix="library/")
    course = found.course
    assert (course.kind, course.org, course.course, course.run) == ("library", "Twin", "B1", "library")
    assert [str(block.key) for block in course.root.walk()] == ["library/library", "problem/a"]
    assert found.report.problems == ()


def test_missing_parts_of_the_key_are_those_that_open_edx_takes() -> None:
    """The notes on OLX, §1.4 F20."""
    course = parsed({"demo/course.xml": b'<course name="A run"/>'}).course
    assert (course.org, course.course, course.run) == ("edx", "demo", "A_run")
    message = problem_of({"course.xml": b"<course/>"}, Code.INVALID_NAME).message
    assert message == "Can't load a course without a 'url_name' (or 'name') set."


def test_files_are_sorted_by_what_they_are() -> None:
    """The notes on OLX, §1.2."""
    course = parsed(COURSE).course
    assert [file.path for file in course.about] == ["about/course/overview.html", "about/overview.html"]
    assert [file.path for file in course.info] == ["info/updates.html"]
    assert [file.path for file in course.tabs] == ["tabs/extra.html"]
    assert len(course.assets) == 3
    assert [file.path for file in course.extras] == ["README", "assets/assets.xml", "video/lost.xml"]
    assert course.root.markup == b'<wiki slug="Twin.T1"/>'


def test_a_page_of_the_run_wins_over_one_of_the_course() -> None:
    """The notes on OLX, §1.2."""
    pages = parsed(COURSE).course.pages("about")
    assert pages["overview.html"].blob.read() == b"mine"


def test_a_definition_that_nothing_leads_to_is_kept_with_a_warning() -> None:
    """The notes on OLX, §1.3 F12: Open edX loses it."""
    assert problem_of(COURSE, Code.UNREFERENCED_FILE, Severity.WARNING).place.file == "video/lost.xml"


def test_an_unreferenced_file_may_hold_anything() -> None:
    assert exported(parsed({**COURSE, "html/lost.xml": b"<!DOCTYPE"}))["html/lost.xml"] == b"<!DOCTYPE"


def test_problems_name_files_as_they_stand_in_the_archive() -> None:
    source = {f"x/{path}": data for path, data in unit(b"<vertical>").items()}
    assert problem_of(source, Code.SYNTAX).place.file == "x/vertical/v.xml"


DRAFTS = {
    "drafts/vertical/d.xml": b'<vertical display_name="Draft" parent_url="block-v1:O+C+R+type@sequential+block@s"'
    b' index_in_children_list="1"><html url_name="h"/><html url_name="gone"/></vertical>',
    "drafts/html/h.xml": b'<html filename="h"/>',
    "drafts/html/h.html": b"draft",
    "drafts/html/lost.xml": b"<html/>",
}


def test_drafts_are_trees_of_their_own_that_say_where_they_belong() -> None:
    """The notes on OLX, §1.9 F50."""
    source = unit(b'<vertical><html url_name="h">published</html></vertical>') | DRAFTS
    found = parsed(source)
    [draft] = found.course.drafts
    assert str(draft.block.key) == "vertical/d"
    assert (draft.parent, draft.index) == ("block-v1:O+C+R+type@sequential+block@s", 1)
    page, gone = draft.block.children
    assert page.body is not None
    assert page.body.blob.read() == b"draft"
    assert gone.is_missing
    assert block_of(found, "html/h").markup == b"published"
    assert exported(found) == source
    codes = {(problem.code, problem.place.file) for problem in found.report.problems}
    assert codes == {
        (Code.MISSING_FILE, "drafts/vertical/d.xml"),
        (Code.UNREFERENCED_FILE, "drafts/html/lost.xml"),
    }


def test_a_policy_may_be_for_a_draft() -> None:
    source = unit(b"<vertical/>") | {
        "drafts/vertical/d.xml": b'<vertical index_in_children_list="0"/>',
        "policies/R/policy.json": b'{"vertical/d": {}}',
    }
    assert report_of(source).problems == ()


def test_drafts_may_have_any_name_that_a_file_can_have() -> None:
    text = b'<vertical index_in_children_list="0"/>'
    names = ["vertical/a b", "vertical/\u200b", "a b/c", "odd/x:y", "\u00b7/z"]
    source = unit(b"<vertical/>") | {f"drafts/{name}.xml": text for name in names}
    assert exported(parsed(source)) == source


def test_a_broken_draft_is_refused() -> None:
    source = unit(b"<vertical/>") | {"drafts/vertical/d.xml": b'<vertical index_in_children_list="0">'}
    assert problem_of(source, Code.SYNTAX).place.file == "drafts/vertical/d.xml"


def test_sections_and_subsections_are_never_drafts() -> None:
    """The notes on OLX, §1.9 F51."""
    path = "drafts/sequential/d.xml"
    source = unit(b"<vertical/>") | {path: b'<sequential index_in_children_list="0"/>'}
    assert parsed(source).course.drafts == ()
    assert exported(parsed(source)) == source


def test_the_caller_chooses_what_is_bad_enough_to_refuse() -> None:
    """The notes on OLX, §2.8 X4."""
    archive = read(tarred(COURSE))
    assert parse(archive).report.warnings == 1
    with pytest.raises(ArchiveRefused, match="no block leads to this file"):
        parse(archive, fail_level=Severity.WARNING)


def test_checking_an_archive_gives_the_same_report_and_never_raises() -> None:
    """The notes on OLX, §2.8 X5."""
    assert check(tarred(COURSE)) == parsed(COURSE).report
    broken = unit(b"<vertical>")
    assert check(tarred(broken)) == report_of(broken)
    assert check(tarred({"../x": b""})).errors == 1


def test_what_the_archive_had_to_say_stands_in_the_report_too() -> None:
    codes = [problem.code for problem in report_of({**COURSE, ".DS_Store": b""}).problems]
    assert codes == [Code.UNREFERENCED_FILE, Code.JUNK, Code.UNKNOWN_TYPE]


def test_a_run_whose_name_leads_out_of_its_folder_is_refused() -> None:
    message = problem_of({"course.xml": b'<course url_name=".." org="A" course="B"/>'}, Code.INVALID_NAME).message
    assert message == "'..' cannot be the name of a block: it would lead out of its folder"


def test_without_a_course_there_is_nothing_to_look_at_whatever_is_let_pass() -> None:
    with pytest.raises(ArchiveRefused, match=r"Could not find the course\.xml file"):
        parse(read(tarred({"README": b""})), fail_level=None)
