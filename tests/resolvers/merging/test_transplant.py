"""Units one by one from one version into another, and the drafts of archives (notes on OLX, F50 to F52)."""

import pytest

from edx.olx import Course, InMemory, files
from resolvers.content.nodes import write
from resolvers.editing.changes import AddBlock, Change, DeleteBlock, MoveBlock, PutAsset, SetBlockSettings
from resolvers.merging.transplant import NoPlace, drafted, transplant
from tests.resolvers.editing.courses import FILES, course_of, demo, edited, key, olx, outline


def moved(*changes: Change, of: str, source: Course | None = None) -> Course:
    """The course with one block as changes to another copy of it have left that."""
    made = transplant(source or edited(*changes).course, demo(), [key(of)])
    again = course_of({file.path: file.blob.read() for file in files(made)})
    assert outline(again) == outline(made)
    return made


def rename(block: str, name: str) -> SetBlockSettings:
    return SetBlockSettings(block, {"display_name": name})


def names(course: Course) -> dict[str, str]:
    return {block.url_name: block.display_name for block in course.root.walk()}


def test_a_unit_is_taken_with_all_below_it_and_nothing_else() -> None:
    made = moved(
        rename("vertical/u1", "New"), rename("problem/sum", "New sum"), rename("vertical/u2", "Other"),
        AddBlock("vertical/u1", olx("<html url_name='more' display_name='More'>x</html>"), 0),
        DeleteBlock("discussion/talk"), of="vertical/u1",
    )  # fmt: skip
    assert outline(made)["u1"] == ["more", "page", "sum", "both"]
    assert (names(made)["u1"], names(made)["sum"], names(made)["u2"]) == ("New", "New sum", "Unit 2")


def test_a_new_unit_a_moved_and_a_deleted_one_are_taken_as_they_are() -> None:
    made = moved(
        AddBlock("sequential/s1", olx("<vertical url_name='new'><html>1</html></vertical>"), 1), of="vertical/new"
    )
    assert outline(made)["s1"] == ["u1", "new", "u2"]
    made = moved(MoveBlock("vertical/u1", "sequential/s2"), of="vertical/u1")
    assert (outline(made)["s1"], outline(made)["s2"]) == (["u2"], ["u3", "u1"])
    made = moved(DeleteBlock("vertical/u1"), of="vertical/u1")
    assert outline(made)["s1"] == ["u2"]
    assert "sum" not in names(made)
    assert "both" in names(made)  # it stands in another unit, too


def test_a_block_in_two_places_of_what_is_taken_is_taken_once() -> None:
    made = moved(rename("html/both", "New"), of="sequential/s1")
    assert (outline(made)["u1"][-1], outline(made)["u2"][0], names(made)["both"]) == ("both", "both", "New")


def test_policies_and_files_that_a_unit_needs_come_along() -> None:
    page = "<html url_name='pic'>/static/new.png</html>"
    changes: list[Change] = [
        PutAsset("new.png", InMemory.of(b"new")),
        PutAsset("plain.txt", InMemory.of(b"another")),
        AddBlock("vertical/u1", olx(page)),
        SetBlockSettings("problem/sum", {"weight": "3.0"}),
    ]
    made = moved(*changes, of="vertical/u1")
    assert {asset.name: asset.file.blob.read() for asset in made.assets if asset.name != "leaf.png"} == {
        "new.png": b"new", "plain.txt": b"plain",
    }  # fmt: skip
    assert made.policy_of(key("problem/sum")) == {"weight": 3.0}


def test_back_and_forth_gives_the_same_version() -> None:
    changed = edited(rename("problem/sum", "New"), MoveBlock("vertical/u1", "sequential/s2")).course
    made = transplant(changed, demo(), [key("vertical/u1")])
    assert write(made).root == write(changed).root
    back = transplant(demo(), made, [key("vertical/u1")])
    assert outline(back) == outline(demo())
    assert names(back) == names(demo())


def test_what_has_no_place_yet_is_refused() -> None:
    text = "<sequential url_name='s9'><vertical url_name='v9'><html>1</html></vertical></sequential>"
    changed = edited(AddBlock("chapter/c1", olx(text))).course
    with pytest.raises(NoPlace, match="vertical/v9 stands in sequential/s9"):
        transplant(changed, demo(), [key("vertical/v9")])
    assert "v9" in names(transplant(changed, demo(), [key("sequential/s9"), key("vertical/v9")]))


PARENT = b"block-v1:O+C+R+type@sequential+block@s1"
DRAFTS = {
    "drafts/vertical/u1.xml": b'<vertical display_name="Draft" parent_url="%s" index_in_children_list="0">'
    b'<html url_name="page"/><html url_name="fresh"/></vertical>' % PARENT,
    "drafts/html/fresh.xml": b'<html display_name="Fresh">fresh</html>',
    "drafts/vertical/d2.xml": b'<vertical display_name="Two" parent_url="%s" index_in_children_list="2"/>' % PARENT,
    "drafts/vertical/d1.xml": b'<vertical display_name="One" parent_sequential_url="i4x://O/C/sequential/s1"'
    b' index_in_children_list="1"/>',
    "drafts/vertical/lost.xml": b'<vertical parent_url="block-v1:O+C+R+type@sequential+block@no"'
    b' index_in_children_list="0"/>',
}


def test_drafts_of_an_archive_are_put_into_a_copy_of_what_is_published() -> None:
    """F51: new units at their index, sorted by it; one that is there is overwritten; those of orphans are left out."""
    course = course_of({**FILES, **DRAFTS})
    made = drafted(course)
    assert outline(made)["s1"] == ["u1", "d1", "d2", "u2"]
    assert outline(made)["u1"] == ["page", "fresh"]
    assert (names(made)["u1"], "lost" in names(made), made.drafts) == ("Draft", False, ())
    assert outline(course)["s1"] == ["u1", "u2"]
    found = {file.path: file.blob.read() for file in files(made)}
    assert found["vertical/u1.xml"].startswith(b'<vertical display_name="Draft">')
    assert outline(course_of(found)) == outline(made)
