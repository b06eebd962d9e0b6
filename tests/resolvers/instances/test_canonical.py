"""What is compared of two courses, since Studio rewrites files."""

import pytest

from resolvers.instances.canonical import digest_of, parts_of
from resolvers.instances.drift import Differences
from tests.edx.olx.twins import COURSE, parsed

SAME = {
    "chapter/one.xml": b'<chapter   display_name="One"  >\n\n <sequential url_name="first"></sequential>\n</chapter>\n',
    "html/page.xml": b'<html editor="raw" filename="body" display_name="Page"></html>',
    "policies/course/policy.json": b'{"chapter/one":{"start":1},"course/course":{"display_name":"Twins","tabs":[]}}',
    "README": b"another",
}
OTHER = {
    "chapter/one.xml": b'<chapter display_name="Two"><sequential url_name="first"/></chapter>',
    "html/body.html": b"<p>Bye</p>",
    "problem/sum.xml": b'<problem display_name="Sum" markdown="null"><pre>2</pre></problem>',
    "static/Green leaf.png": b"\x89PNG 2",
    "about/course/overview.html": b"yours",
    "policies/course/grading_policy.json": b'{"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.6}}',
}
CHANGED = {
    "chapter/one": "chapter/one.xml", "html/page": "html/body.html", "problem/sum": "problem/sum.xml",
    "static/Green leaf.png": "static/Green leaf.png", "about/overview.html": "about/course/overview.html",
    "grading_policy.json": "policies/course/grading_policy.json",
}  # fmt: skip
"""Which part each file is of."""


def parts(**changes: bytes) -> dict[str, str]:
    return parts_of(parsed({**COURSE, **changes}).course)


@pytest.mark.parametrize("path", SAME)
def test_what_says_the_same_is_the_same(path: str) -> None:
    assert digest_of(parts(**{path: SAME[path]})) == digest_of(parts())


@pytest.mark.parametrize("name", CHANGED)
def test_what_says_something_else_is_named(name: str) -> None:
    path = CHANGED[name]
    found = Differences.between(parts(), parts(**{path: OTHER[path]}))
    assert name in found.changed
    assert {each.rpartition("/")[2] for each in found.changed} == {name.rpartition("/")[2]}
    assert (found.added, found.removed) == ((), ())


def test_typed_values_of_policies_are_as_those_of_attributes() -> None:
    moved = {
        "chapter/one.xml": b'<chapter display_name="One" start="1"><sequential url_name="first"/></chapter>',
        "policies/course/policy.json": b'{"course/course": {"display_name": "Twins", "tabs": []}}',
    }
    assert parts(**moved) == parts()


def test_grading_is_a_part_only_where_a_course_has_some() -> None:
    without = {path: data for path, data in COURSE.items() if not path.endswith("grading_policy.json")}
    found = Differences.between(parts(), parts_of(parsed(without).course))
    assert (found.added, found.removed, found.changed) == ((), ("grading_policy.json",), ())
