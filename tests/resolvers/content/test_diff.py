"""What differs between versions (E5: added, removed, changed, moved, by comparing hashes)."""

from collections.abc import Mapping

import pytest

from edx.olx import Key
from resolvers.content.diff import Change, blocks_changed, files_changed
from resolvers.content.load import Content
from resolvers.content.nodes import write
from tests.edx.olx.twins import COURSE, parsed

UNIT = COURSE["vertical/u1.xml"]


def content(files: Mapping[str, bytes]) -> Content:
    course = parsed(files).course
    return Content(course, write(course).blocks)


OLD = content(COURSE)


def told(**changed: bytes | None) -> list[tuple[str, str]]:
    files = {**COURSE, **{path: data for path, data in changed.items() if data is not None}}
    new = content({path: data for path, data in files.items() if changed.get(path, b"") is not None})
    return [(change.change.value, str(change.block.key)) for change in blocks_changed(OLD, new)]


WITHOUT_SUM = UNIT.replace(b'<problem url_name="sum"/>', b"")
WITH_SUM = (
    b'<vertical display_name="Unit 2"><html url_name="page"/>'
    b'<scorm url_name="odd"><chapter x = "1"/></scorm><problem url_name="sum"/></vertical>'
)
FILM, PAGE, TWO = b'<video url_name="film"/>', b'<html url_name="page"/>', b'<chapter url_name="two"/>'
WITH_NEW = COURSE["course/course.xml"].replace(TWO, TWO + b'<chapter url_name="new"/>')
POLICY = COURSE["policies/course/policy.json"].replace(b'"start": 1', b'"start": 2')
CASES: dict[str, tuple[dict[str, bytes], list[tuple[str, str]]]] = {
    "nothing": ({}, []),
    "markup": (
        {"problem/sum.xml": b'<problem display_name="Sum" markdown="null">other</problem>'},
        [("changed", "problem/sum")],
    ),
    "page": ({"html/body.html": b"<p/>"}, [("changed", "html/page")]),
    "setting": ({"chapter/two.xml": b'<chapter display_name="Second"/>'}, [("changed", "chapter/two")]),
    "blanks": ({"chapter/two.xml": b'<chapter   display_name="Two" />'}, []),
    "removed": ({"vertical/u1.xml": WITHOUT_SUM}, [("removed", "problem/sum")]),
    "moved": ({"vertical/u1.xml": WITHOUT_SUM, "vertical/u2.xml": WITH_SUM}, [("moved", "problem/sum")]),
    "added": (
        {"course/course.xml": WITH_NEW, "chapter/new.xml": b'<chapter display_name="New"/>'},
        [("added", "chapter/new")],
    ),
    "order": ({"vertical/u1.xml": UNIT.replace(FILM, b"").replace(PAGE, FILM + PAGE)}, [("moved", "video/film")]),
    "policy": ({"policies/course/policy.json": POLICY}, [("changed", "chapter/one")]),
}


@pytest.mark.parametrize(("changed", "expected"), CASES.values(), ids=CASES)
def test_blocks_that_differ_are_told_with_what_became_of_them(
    changed: dict[str, bytes], expected: list[tuple[str, str]]
) -> None:
    assert told(**changed) == expected


def test_a_change_tells_settings_and_lines_before_and_after() -> None:
    new = content({**COURSE, "problem/sum.xml": b'<problem display_name="Sums">\n<pre>\n 2</pre>\n</problem>\n'})
    [change] = blocks_changed(OLD, new)

    assert (change.parents, change.is_text_changed) == ((Key("vertical", "u1"),) * 2, True)
    assert [(each.name, each.before, each.after) for each in change.settings] == [
        ("display_name", "Sum", "Sums"),
        ("markdown", "null", None),
    ]
    lines = change.text().splitlines()
    assert "- 1 +  1</pre><![CDATA[<]]>" in lines
    assert "+ 2</pre>" in lines


def test_passwords_are_in_no_diff() -> None:
    with_one = COURSE["course/course.xml"].replace(b" start", b' lti_passports="[&quot;a:b:c&quot;]" start')
    old = content({**COURSE, "course/course.xml": with_one})
    new = content({**COURSE, "course/course.xml": with_one.replace(b"a:b:c", b"a:b:d")})
    [change] = blocks_changed(old, new)
    assert [(each.name, each.before, each.after) for each in change.settings] == [("lti_passports", "••••••", "••••••")]


def test_files_besides_blocks_are_told_by_path() -> None:
    """U12: a change of a tab, a policy or an asset is a change of the version, too."""
    new = content(
        {
            **{path: data for path, data in COURSE.items() if path != "README"},
            "tabs/extra.html": b"other",
            "static/new.png": b"",
            "policies/course/grading_policy.json": b"{}",
        }
    )
    assert [(each.change, each.path) for each in files_changed(OLD.course, new.course)] == [
        (Change.REMOVED, "README"),
        (Change.CHANGED, "policies/course/grading_policy.json"),
        (Change.ADDED, "static/new.png"),
        (Change.CHANGED, "tabs/extra.html"),
    ]


def test_drafts_that_differ_are_told_by_path() -> None:
    """F50: drafts are part of the version, so two versions that differ in one do not look equal."""
    path, unit = "drafts/vertical/new.xml", b'<vertical display_name="%s" parent_url="x" index_in_children_list="0"/>'
    one, other = (content({**COURSE, path: unit % name}).course for name in (b"One", b"Other"))
    assert [(each.change, each.path) for each in files_changed(one, other)] == [(Change.CHANGED, path)]
    assert [(each.change, each.path) for each in files_changed(OLD.course, one)] == [(Change.ADDED, path)]


def test_equal_subtrees_are_not_looked_into() -> None:
    """E5: equal hash, equal below."""
    new = content({**COURSE, "chapter/two.xml": b'<chapter display_name="Second"/>'})
    looked: list[Key] = []
    old = Content(OLD.course, Watched(OLD.digests, looked))
    blocks_changed(old, new)
    assert Key("vertical", "u1") not in looked


class Watched(dict[Key, str]):
    """Digests that note which were asked for."""

    def __init__(self, digests: Mapping[Key, str], looked: list[Key]) -> None:
        super().__init__(digests)
        self.looked = looked

    def __getitem__(self, key: Key) -> str:
        self.looked.append(key)
        return super().__getitem__(key)


def test_a_block_that_is_new_or_gone_has_lines_on_one_side() -> None:
    new = content({**COURSE, "course/course.xml": WITH_NEW, "chapter/new.xml": b'<chapter display_name="New"/>'})
    [added], [removed] = blocks_changed(OLD, new), blocks_changed(new, OLD)
    assert not [line for line in added.text().splitlines() if line.startswith("- ")]
    assert not [line for line in removed.text().splitlines() if line.startswith("+ ")]


def test_a_document_that_one_version_does_not_have_is_told() -> None:
    path = "policies/course/grading_policy.json"
    without = content({name: data for name, data in COURSE.items() if name != path})
    assert [(each.change.value, each.path) for each in files_changed(OLD.course, without.course)] == [("removed", path)]
    assert [(each.change.value, each.path) for each in files_changed(without.course, OLD.course)] == [("added", path)]
