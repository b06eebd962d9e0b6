"""Courses as nodes and back, without a database."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given

from db.store import Value, decode, links_of
from edx.olx import Course, InMemory, files
from resolvers.content.load import Reader
from resolvers.content.nodes import Written, links_below, named_links, write
from tests.edx.olx.generated import courses
from tests.edx.olx.twins import COURSE, INLINE, LIBRARY, parsed


def read(written: Written) -> Course:
    nodes: dict[str, Any] = {digest: decode(data) for digest, data in written.nodes.items()}
    root = nodes[written.root]
    documents = [None if link is None else orjson.loads(written.blobs[link.digest].read()) for link in root[6]]
    return Reader(nodes, written.blobs).course(root, nodes[written.frame], documents)


@pytest.mark.parametrize("twin", [COURSE, INLINE, LIBRARY], ids=["course", "inline", "library"])
def test_a_course_is_the_same_after_the_way_through_nodes(twin: dict[str, bytes]) -> None:
    course = parsed(twin).course
    again = read(write(course))

    assert again == course
    assert list(files(again)) == list(files(course))


@given(courses())
def test_any_course_is_the_same_after_the_way_through_nodes(made: Any) -> None:
    """E1: byte-identical file for file."""
    course = parsed(made.files).course
    written = write(course)
    again = read(written)

    assert again == course
    assert list(files(again)) == list(files(course))
    assert write(again).nodes == written.nodes


def test_every_link_is_named_and_followed() -> None:
    for twin in (COURSE, INLINE, LIBRARY):
        for data in write(parsed(twin).course).nodes.values():
            node: Value = decode(data)
            assert sorted(link for _, link in named_links(node)) == sorted(links_of(node))
            assert {link.digest for link in links_below(node)} == {
                link.digest for link in links_of(node) if type(link).__name__ == "NodeLink"
            }


def test_the_key_of_the_run_is_no_part_of_the_version() -> None:
    """C6: org, course and run live outside the hashed tree; where the archive has them is told by the frame."""
    other = {path: data for path, data in COURSE.items() if "course/" not in path}
    other["course.xml"] = b'<course url_name="2T2026" org="Other" course="O1"/>\n'
    other["course/2T2026.xml"] = COURSE["course/course.xml"]
    other["policies/2T2026/policy.json"] = COURSE["policies/course/policy.json"]
    other["policies/2T2026/grading_policy.json"] = COURSE["policies/course/grading_policy.json"]
    same = {path: data for path, data in COURSE.items() if path != "about/course/overview.html"}
    one, two = write(parsed(same).course), write(parsed(other, prefix="inside/").course)

    assert one.root == two.root
    assert one.frame != two.frame


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("static/sub/deep.css", b"a{}"),
        ("about/overview.html", b" "),
        ("html/body.html", b"<p/>"),
        ("chapter/two.xml", b'<chapter display_name="Two"/>'),
        ("policies/course/grading_policy.json", b"{}"),
        ("README", b"read this"),
    ],
)
def test_every_byte_of_the_content_counts_for_the_version(path: str, data: bytes) -> None:
    """U12: tabs, policies, pages and assets are versioned as blocks are. The version stands for the very bytes."""
    assert write(parsed(COURSE).course).root != write(parsed({**COURSE, path: data}).course).root


def test_a_change_of_a_component_makes_six_nodes() -> None:
    """U13: the component, unit, subsection, section, course, and the root record."""
    before = write(parsed(COURSE).course)
    after = write(parsed({**COURSE, "problem/sum.xml": b"<problem>2</problem>"}).course)

    assert len(after.nodes.keys() - before.nodes.keys()) == 6
    changed = {str(key) for key in after.blocks if after.blocks[key] != before.blocks[key]}
    assert changed == {"course/course", "chapter/one", "sequential/first", "vertical/u1", "problem/sum"}


def test_equal_blocks_of_different_names_are_one_node() -> None:
    """C2, "Design consequence": the name stands in the parent, so equal blocks are stored once."""
    page = b'<html filename="%s" display_name="P"/>'
    both = {
        "course.xml": b'<course url_name="r" org="o" course="c"><chapter url_name="c"><sequential url_name="s">'
        b'<vertical url_name="v"><html url_name="a"/><html url_name="x:b"/></vertical></sequential></chapter></course>',
        "html/a.xml": page % b"a",
        "html/a.html": b"<p/>",
        "html/x/b.xml": page % b"b",
        "html/x/b.html": b"<p/>",
    }
    written = write(parsed(both).course)

    digests = {key.name: digest for key, digest in written.blocks.items()}
    assert digests["a"] == digests["x:b"]
    assert list(files(read(written))) == list(files(parsed(both).course))


def test_drafts_do_not_stand_in_for_what_is_published() -> None:
    draft = {
        **COURSE,
        "drafts/vertical/u2.xml": b'<vertical parent_url="x" index_in_children_list="1" display_name="Draft"/>',
    }
    course = parsed(draft).course
    assert course.drafts
    assert write(course).blocks == write(replace(course, drafts=())).blocks
    assert read(write(course)) == course
    assert InMemory.of(draft["drafts/vertical/u2.xml"]).digest in write(course).blobs
