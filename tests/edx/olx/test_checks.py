import pytest

from edx.olx import Code, Severity
from tests.edx.olx.twins import exported, parsed, problem_of, report_of, unit

VERTICAL = b'<vertical display_name="Unit">%s</vertical>'


OUTLINE = '<{}> contains a <{}> tag with url_name="{}" and display_name="{}". Expected <{}> tag instead.'


@pytest.mark.parametrize(
    ("path", "markup", "message"),
    [
        (
            "course/R.xml",
            b'<course display_name="C"><sequential url_name="s"/></course>',
            OUTLINE.format("course", "sequential", "s", "Sequence", "chapter"),
        ),
        (
            "chapter/c.xml",
            b'<chapter><vertical url_name="v"/></chapter>',
            OUTLINE.format("chapter", "vertical", "v", "Unit", "sequential"),
        ),
        (
            "sequential/s.xml",
            b'<sequential><problem url_name="p">1</problem></sequential>',
            OUTLINE.format("sequential", "problem", "p", "p", "vertical"),
        ),
        (
            "vertical/v.xml",
            VERTICAL % b'<chapter url_name="x">  <vertical/></chapter>',
            "a <chapter> is not expected in a <vertical>",
        ),
    ],
)
def test_a_block_in_an_unexpected_place_is_kept_with_a_warning(path: str, markup: bytes, message: str) -> None:
    """The notes on OLX, §2.0, in the words of Open edX."""
    source = unit(VERTICAL % b"") | {path: markup}
    found = [problem for problem in report_of(source).problems if problem.code is Code.UNEXPECTED_CHILD]
    assert found[-1].message == message
    assert found[-1].severity is Severity.WARNING
    assert exported(parsed(source)) == source


def test_a_course_stands_inside_nothing() -> None:
    problem = problem_of(unit(VERTICAL % b'<course url_name="x" display_name="y"/>'), Code.UNEXPECTED_CHILD)
    assert problem.message == "a <course> cannot stand inside anything"
    assert (problem.severity, problem.block) == (Severity.ERROR, ("course", "x"))


def test_a_library_holds_components() -> None:
    """The notes on OLX, §2.0."""
    source = {"library.xml": b'<library org="O" library="L"><lti_consumer url_name="x" a="b"/></library>'}
    message = problem_of(source, Code.UNEXPECTED_CHILD, Severity.WARNING).message
    assert message == "a <lti_consumer> is not expected in a <library>"


@pytest.mark.parametrize("groups", [b"x", b"[]", b"&quot;&quot;", b""])
def test_groups_of_an_experiment_that_are_no_json_object_are_refused(groups: bytes) -> None:
    """The notes on OLX, §1.12: Open edX drops the block."""
    source = unit(VERTICAL % b'<split_test url_name="t" group_id_to_child="%s"><vertical/></split_test>' % groups)
    assert problem_of(source, Code.INVALID_SETTING).message == "group_id_to_child is not valid json"


def test_an_experiment_without_groups_is_warned_of() -> None:
    """The notes on OLX, §1.5 F30."""
    source = unit(VERTICAL % b'<split_test url_name="t"><vertical/></split_test>')
    problem = problem_of(source, Code.INVALID_SETTING, Severity.WARNING)
    assert (problem.message, problem.block) == ("group_id_to_child is missing", ("split_test", "t"))


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (b"<rubric/><assessments/>", 'Every assessment must contain a "title" element.'),
        (b"<title/><assessments/>", 'Every assessment must contain a "rubric" element.'),
        (b"<title/><rubric/>", 'Every assessment must contain an "assessments" element.'),
        (
            b"<title/><assessments/><rubric><criterion><name/><option/></criterion></rubric>",
            'Every "option" element must contain a "points" attribute.',
        ),
        (
            b'<title/><assessments/><rubric><criterion><name/><option points="x"/></criterion></rubric>',
            'The value for "points" must be an integer.',
        ),
        (
            b"<title/><assessments/><rubric><criterion/></rubric>",
            'Every "criterion" element must contain a "name" element.',
        ),
    ],
)
def test_an_open_response_that_its_own_code_would_refuse_is_warned_of_in_its_words(inner: bytes, message: str) -> None:
    """spec/content-api.md, "Error Handling": passed on verbatim; the notes on OLX, §1.5 F27."""
    source = unit(VERTICAL % b'<openassessment url_name="o">%s</openassessment>' % inner)
    assert problem_of(source, Code.INVALID_CONTENT, Severity.WARNING).message == message


def test_a_poll_needs_an_answer() -> None:
    """The notes on OLX, §1.5 F31."""
    source = unit(VERTICAL % b'<poll_question url_name="p">%s</poll_question>')
    bare = unit(VERTICAL % b'<poll_question url_name="p">?</poll_question>')
    message = "Poll_question definition must include at least one 'answer' tag"
    assert problem_of(bare, Code.INVALID_CONTENT, Severity.WARNING).message == message
    answered = {path: data.replace(b"%s", b"<answer/>") for path, data in source.items()}
    assert report_of(answered).problems == ()


def test_passwords_in_the_clear_are_reported_without_showing_them() -> None:
    """The notes on OLX, §1.5 F26 and §1.10."""
    source = unit(VERTICAL % b"") | {"course/R.xml": b'<course lti_passports="[&quot;a:key:pass&quot;]" xqa_key=""/>'}
    problem = problem_of(source, Code.SECRETS, Severity.INFO)
    assert problem.message == "settings with passwords in the clear: lti_passports"
    source["course/R.xml"] = b'<course lti_passports="[]"><chapter url_name="c"/></course>'
    assert report_of(source).problems == ()
