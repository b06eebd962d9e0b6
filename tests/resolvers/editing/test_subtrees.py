"""Replacing and adding subtrees (§2.1 C7, §2.3 U1 to U10 and U20 to U25 of the notes on OLX)."""

from collections.abc import Mapping

import pytest

from db.store import Head
from edx.olx import InMemory, files
from resolvers.content.exports import MANIFEST, files_of
from resolvers.content.load import Content, Loaded
from resolvers.content.nodes import Written, write
from resolvers.editing.changes import (
    AddBlock,
    DeleteBlock,
    Duplicates,
    MoveBlock,
    Olx,
    Orphans,
    ReplaceBlock,
    SetCourseSettings,
)
from resolvers.editing.problems import EditCode
from resolvers.editing.tree import Index
from tests.resolvers.editing.courses import FILES, codes, course_of, demo, edited, folder, key, olx, outline, refused

KEEP, DELETE = Orphans.DECLINE, Orphans.DELETE
UNIT = '<vertical display_name="Unit 1 anew">{}</vertical>'
POINTERS = '<html url_name="page"/><problem url_name="sum"/><discussion url_name="talk"/><html url_name="both"/>'


def head_at(written: Written) -> Head:
    return Head(1, 1, 1, written.root, written.frame, 1, 1, 1)


def test_a_subtree_takes_the_place_and_the_name_of_another() -> None:
    """U1."""
    text = '<vertical display_name="New"><html url_name="fresh">x</html></vertical>'
    made = edited(ReplaceBlock("vertical/u1", olx(text), DELETE))
    assert outline(made.course)["s1"] == ["u1", "u2"]
    assert outline(made.course)["u1"] == ["fresh"]
    assert made.done[0].block == key("vertical/u1")
    assert key("vertical/u1") in made.changed


def test_a_subtree_may_bring_its_own_name() -> None:
    """U1: the same type is required."""
    text = f'<vertical url_name="u9">{POINTERS}</vertical>'
    made = edited(ReplaceBlock("vertical/u1", olx(text), KEEP))
    assert outline(made.course)["s1"] == ["u9", "u2"]
    assert outline(made.course)["u9"] == ["page", "sum", "talk", "both"]
    assert [each.key for each in made.removed] == [key("vertical/u1")]
    assert codes(refused(ReplaceBlock("vertical/u1", olx("<html>x</html>"), KEEP))) == ["TYPE_MISMATCH"]


@pytest.mark.parametrize(
    ("change", "types"),
    [
        (AddBlock("chapter/c1", olx('<vertical url_name="v"/>\n<!-- -->'.replace("/>", ' a="b"/>'))), "sequential"),
        (AddBlock("vertical/u1", olx('<course url_name="x" a="b"/>')), "vertical"),
        (AddBlock("html/page", olx("<problem>x</problem>")), "no blocks"),
        (ReplaceBlock("sequential/s3", olx('<sequential><html url_name="h">x</html></sequential>'), KEEP), "vertical"),
    ],
)
def test_what_may_not_stand_there_is_named_with_what_may(change: AddBlock | ReplaceBlock, types: str) -> None:
    """U2: parent, child and the types that may."""
    problem = refused(change)[0]
    assert problem.code is EditCode.PLACEMENT
    assert types in problem.message
    assert problem.block is not None
    assert problem.place.line == 1


def test_pointers_without_definitions_keep_what_is_there() -> None:
    """U3, U7: one node is replaced, the subtrees below it are the same objects, not read again."""
    text = UNIT.format(
        '<html url_name="both"/><discussion url_name="talk"/><html url_name="page"/><problem url_name="sum"/>'
    )
    made = edited(ReplaceBlock("vertical/u1", olx(text), KEEP))
    before = Index.of(demo().root).blocks
    assert outline(made.course)["u1"] == ["both", "talk", "page", "sum"]
    assert made.changed == (key("vertical/u1"),)
    for name in ("html/page", "problem/sum", "discussion/talk", "html/both"):
        assert made.index.blocks[key(name)] is before[key(name)]
    assert made.index.blocks[key("discussion/talk")].display_name == "Talk"


def test_the_same_node_again_keeps_all_nodes_below() -> None:
    """U7: old and new order are one: only the file of the node may be new."""
    text = FILES["vertical/u1.xml"].decode()
    made = edited(ReplaceBlock("u1", olx(text), KEEP))
    assert write(made.course).root == write(demo()).root


@pytest.mark.parametrize("allow_move", [False, True])
def test_a_pointer_to_a_block_elsewhere_moves_it_only_if_that_is_allowed(allow_move: bool) -> None:
    """U4."""
    text = f'<vertical>{POINTERS}<problem url_name="q1"/></vertical>'
    change = ReplaceBlock("vertical/u1", olx(text), KEEP, allow_move=allow_move)
    if not allow_move:
        problem = refused(change)[0]
        assert problem.code is EditCode.CHILD_ELSEWHERE
        assert problem.blocks[0].breadcrumb == ("Demo", "One", "Second", "Unit 3", "Bank", "q1")
        return
    made = edited(change)
    assert outline(made.course)["u1"][-1] == "q1"
    assert "bank" not in outline(made.course)


def test_a_move_by_pointer_stays_at_the_level_and_out_of_itself() -> None:
    text = '<sequential><vertical url_name="red"/></sequential>'
    assert codes(refused(ReplaceBlock("s3", olx(text), KEEP, allow_move=True))) == ["LEVEL_MISMATCH"]
    text = f'<vertical>{POINTERS}<html url_name="rose"/></vertical>'
    assert "rose" in outline(edited(ReplaceBlock("u1", olx(text), KEEP, allow_move=True)).course)["u1"]
    inner = '<wrapper url_name="w"><vertical url_name="u2"/></wrapper>'
    refusal = refused(ReplaceBlock("u2", olx(f"<vertical>{inner}</vertical>"), DELETE))
    assert codes(refusal) == ["PLACEMENT"] or refusal


def test_a_pointer_to_nothing_is_named_with_its_line() -> None:
    """U5."""
    problems = refused(ReplaceBlock("u1", olx('<vertical>\n  <html url_name="nowhere"/>\n</vertical>'), DELETE))
    assert codes(problems) == ["CHILD_MISSING"]
    assert problems[0].place.line == 2
    assert problems[0].block == key("html/nowhere")
    assert problems[0].breadcrumb == ("Demo", "One", "First", "u1", "nowhere")


def test_orphans_are_all_named_before_anything_is_deleted() -> None:
    """U6, U21: type, name, display name, old path and what is below, those below too (U24)."""
    change = ReplaceBlock("vertical/u2", olx('<vertical><html url_name="both"/></vertical>'), KEEP)
    problem = refused(change)[0]
    assert problem.code is EditCode.ORPHANS
    assert [str(each.key) for each in problem.blocks] == [
        "split_test/ab",
        "vertical/red",
        "html/rose",
        "vertical/blue",
        "conditional/if",
        "html/then",
    ]
    assert problem.blocks[0].display_name == "AB"
    assert problem.blocks[0].breadcrumb == ("Demo", "One", "First", "Unit 2", "AB")
    assert problem.blocks[0].descendants == 3
    assert "split_test/ab (Demo > One > First > Unit 2 > AB)" in problem.message


def test_orphans_are_deleted_where_that_is_wanted() -> None:
    """U22: the answer lists them."""
    made = edited(ReplaceBlock("vertical/u2", olx('<vertical><html url_name="both"/></vertical>'), DELETE))
    assert {str(each.key) for each in made.removed} == {
        "split_test/ab",
        "vertical/red",
        "html/rose",
        "vertical/blue",
        "conditional/if",
        "html/then",
    }


def test_a_block_with_another_parent_is_no_orphan() -> None:
    """U23."""
    text = UNIT.format('<html url_name="page"/><problem url_name="sum"/><discussion url_name="talk"/>')
    made = edited(ReplaceBlock("vertical/u1", olx(text), KEEP))
    assert made.removed == ()
    assert made.index.parents[key("html/both")] == (key("vertical/u2"),)


def test_attributes_alone_mean_that_there_are_no_children() -> None:
    """U8: not that only the settings are meant; and a bare pointer only points to itself."""
    assert codes(refused(ReplaceBlock("u2", olx('<vertical display_name="x"/>'), KEEP))) == ["ORPHANS"]
    problems = refused(ReplaceBlock("u2", olx('<vertical url_name="u2"/>'), KEEP))
    assert (codes(problems), problems[0].reason) == (["INVALID_OLX"], "POINTER_TO_POINTER")


@pytest.mark.parametrize(("index", "expected"), [(None, 2), (0, 0), (1, 1), (2, 2)])
def test_a_child_is_added_at_an_index(index: int | None, expected: int) -> None:
    """U9, C7."""
    made = edited(AddBlock("sequential/s1", olx('<vertical url_name="new" display_name="N"/>'), index))
    assert outline(made.course)["s1"].index("new") == expected
    assert made.changed == (key("vertical/new"), key("sequential/s1"))


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_that_is_none_is_refused(index: int) -> None:
    problems = refused(AddBlock("sequential/s1", olx('<vertical display_name="N"/>'), index))
    assert codes(problems) == ["INVALID_INDEX"]
    assert "at an invalid index" in problems[0].message


def test_a_child_without_a_name_gets_one_that_follows_from_its_content() -> None:
    """C7; so a dry run has the version of the real one (X5)."""
    change = AddBlock("vertical/u1", olx("<problem>1</problem>"))
    one, again = edited(change), edited(change)
    assert one.done[0].block == again.done[0].block
    assert write(one.course).root == write(again.course).root
    twice = edited(change, change)
    assert len({done.block for done in twice.done}) == 2


NEW = '<html url_name="page" display_name="Twin">other</html>'


def test_a_name_that_another_block_has_is_refused_with_its_path() -> None:
    """U10, C7."""
    problem = refused(AddBlock("vertical/u2", olx(NEW)))[0]
    assert problem.code is EditCode.DUPLICATE_NAME
    assert problem.blocks[0].breadcrumb == ("Demo", "One", "First", "Unit 1", "Page")
    assert problem.breadcrumb == ("Demo", "One", "First", "Unit 2", "Twin")


def test_a_name_that_another_block_has_may_be_changed() -> None:
    blob = InMemory.of
    sent = Olx(
        None,
        {"html/page.xml": blob(b'<html filename="page" display_name="P"/>'), "html/page.html": blob(b"mine")},
        "html/page",
    )
    made = edited(AddBlock("vertical/u2", sent, duplicates=Duplicates.RENAME))
    assert outline(made.course)["u2"][-1] == "page_2"
    found = {file.path: file.blob.read() for file in files(made.course)}
    assert found["html/page_2.html"] == b"mine"
    assert found["html/page.html"] == FILES["html/page.html"]


def test_equal_blocks_may_become_one() -> None:
    """Whatever their files look like; what says something else is still refused."""
    same = "<problem max_attempts='3' display_name='Sum'><p>1+1</p></problem>".replace(
        "<problem", '<problem url_name="sum"'
    )
    made = edited(AddBlock("vertical/u3", olx(same), duplicates=Duplicates.SHARE_IF_EQUAL))
    assert made.index.parents[key("problem/sum")] == (key("vertical/u1"), key("vertical/u3"))
    problems = refused(AddBlock("vertical/u3", olx(NEW), duplicates=Duplicates.SHARE_IF_EQUAL))
    assert codes(problems) == ["DUPLICATE_NAME"]
    assert "says something else" in problems[0].message
    inline = '<html url_name="rose">Red</html>'
    made = edited(AddBlock("vertical/u3", olx(inline), duplicates=Duplicates.SHARE_IF_EQUAL))
    assert made.index.parents[key("html/rose")] == (key("vertical/red"), key("vertical/u3"))


def test_names_inside_the_replaced_subtree_are_free() -> None:
    """U10: the same identity with other content."""
    text = UNIT.format('<html url_name="page">inline now</html>' + POINTERS.split("/>", 1)[1])
    made = edited(ReplaceBlock("u1", olx(text), KEEP))
    assert made.index.blocks[key("html/page")].markup == b"inline now"


def test_a_shared_block_changes_in_all_its_places() -> None:
    made = edited(ReplaceBlock("html/both", olx("<html>new</html>"), KEEP))
    assert codes(made.warnings) == ["SHARED"]
    units = [made.index.blocks[key(name)] for name in ("vertical/u1", "vertical/u2")]
    assert [{child.url_name: child.markup for child in unit.children}["both"] for unit in units] == [b"new", b"new"]


def test_an_inline_block_stays_inline() -> None:
    made = edited(ReplaceBlock("html/rose", olx("<html>White</html>"), KEEP))
    found = {file.path: file.blob.read() for file in files(made.course)}
    assert b"White" in found["vertical/red.xml"]
    assert "html/rose.xml" not in found


def test_other_files_keep_their_bytes() -> None:
    before = {file.path: file.blob.digest for file in files(demo())}
    made = edited(ReplaceBlock("problem/sum", olx("<problem>2</problem>"), KEEP))
    after = {file.path: file.blob.digest for file in files(made.course)}
    assert {path for path in before if before[path] != after[path]} == {"problem/sum.xml"}
    found = {file.path: file.blob.read() for file in files(made.course)}
    assert found["problem/sum.xml"] == b"<problem>2</problem>", "the file is the one that was sent"


def test_a_single_edit_makes_six_nodes() -> None:
    """U13: html, unit, sequence, chapter, course, and the record of the root."""
    made = edited(ReplaceBlock("html/page", olx("<html>x</html>"), KEEP))
    assert len(write(made.course).nodes.keys() - write(demo()).nodes.keys()) == 6


@pytest.mark.parametrize(
    "name", ["chapter/c1", "sequential/s1", "vertical/u1", "html/page", "discussion/talk", "html/rose", "chapter/c2"]
)
def test_an_export_put_back_in_its_place_changes_nothing(name: str) -> None:
    """E3, with the assets and policies that come along; also what edits would not have made so."""
    written = write(demo())
    content = Content(demo(), written.blocks)
    exported = files_of(Loaded(head_at(written), content), key(name))
    sent = Olx(None, {file.path: file.blob for file in exported})
    made = edited(ReplaceBlock(name, sent, KEEP))
    assert write(made.course).root == written.root
    if name == "chapter/c2":
        assert codes(made.warnings) == ["PLACEMENT"]


def test_a_folder_brings_assets_and_policies() -> None:
    blob = InMemory.of
    sent = Olx(
        None,
        {
            "a/html/new.xml": blob(b"<html>n</html>"),
            "a/static/leaf.png": blob(b"other"),
            "a/policies/R/policy.json": blob(b'{"html/new": {"start": "2027-01-01"}, "html/page": {"x": 1}}'),
        },
        "html/new",
    )
    made = edited(AddBlock("u1", sent))
    assert made.course.policy_of(key("html/new")) == {"start": "2027-01-01"}
    assert made.course.policy_of(key("html/page")) == {}
    assert {asset.key: asset.file.blob.read() for asset in made.course.assets}["leaf.png"] == b"other"


def test_a_policy_that_stays_is_told_of() -> None:
    made = edited(ReplaceBlock("problem/sum", olx('<problem weight="5">x</problem>'), KEEP))
    assert codes(made.warnings) == ["POLICY_WINS"]
    assert made.warnings[0].setting == "weight"


def test_the_policy_of_deleted_blocks_goes_with_them() -> None:
    made = edited(ReplaceBlock("u1", olx('<vertical display_name="empty"/>'), DELETE))
    assert made.course.policy is not None
    assert set(made.course.policy.value) == {"course/R"}


def test_a_stray_file_gives_way_to_a_block_of_its_path() -> None:
    made = edited(AddBlock("u1", olx('<html url_name="stray">now a block</html>')))
    assert "html/stray.xml" not in [file.path for file in made.course.extras]


@pytest.mark.parametrize(
    ("sent", "reason", "line", "file"),
    [
        (olx("<vertical>\n<html>\n</vertical>"), "SYNTAX", 3, "olx"),
        (olx("<!DOCTYPE x><vertical/>"), "DOCTYPE", 1, "olx"),
        (olx("<wiki/>"), "NOT_OLX", 1, "olx"),
        (olx('<vertical url_name="../x" a="b"/>'), "INVALID_NAME", 1, "olx"),
        (folder("vertical/new", vertical__new='<vertical><html url_name="h"/></vertical>', html__h="<html><b></html>"),
         "SYNTAX", 1, "html/h.xml"),
        (folder(None, vertical__new="<vertical/>"), "NO_ROOT", 0, ""),
        (folder("vertical/old", vertical__new="<vertical/>"), "NO_ROOT", 0, ""),
        (Olx(), "UNKNOWN_FORMAT", 0, "olx"),
    ],
)  # fmt: skip
def test_what_is_not_olx_is_told_with_file_and_line(sent: Olx, reason: str, line: int, file: str) -> None:
    """X1, X2: with the block and the way to it."""
    problems = refused(AddBlock("sequential/s1", sent))
    assert codes(problems) == ["INVALID_OLX"]
    assert (problems[0].reason, problems[0].place.line, problems[0].place.file) == (reason, line, file)
    if file == "html/h.xml":
        assert problems[0].breadcrumb[:3] == ("Demo", "One", "First")


def test_all_that_is_wrong_is_told_at_once() -> None:
    """X1."""
    text = '<vertical><html url_name="no"/><sequential url_name="s9" a="b"/><html url_name="page">x</html></vertical>'
    assert sorted(codes(refused(AddBlock("s1", olx(text))))) == ["CHILD_MISSING", "DUPLICATE_NAME", "PLACEMENT"]


def test_what_a_block_would_say_is_passed_on_word_for_word() -> None:
    """X3."""
    made = edited(AddBlock("u1", olx("<poll_question>x</poll_question>")))
    assert "Poll_question definition must include at least one 'answer' tag" in [w.message for w in made.warnings]


def test_the_root_cannot_be_replaced() -> None:
    assert codes(refused(ReplaceBlock("course/R", olx("<course/>"), KEEP))) == ["ROOT_FIXED"]


def test_two_pages_cannot_have_one_path() -> None:
    blob = InMemory.of
    sent = Olx(
        None,
        {"html/other.xml": blob(b'<html filename="page"/>'), "html/page.html": blob(b"mine")},
        "html/other",
    )
    assert codes(refused(AddBlock("u1", sent))) == ["FILE_CLASH"]


def test_a_course_with_a_missing_block_can_be_edited() -> None:
    course = course_of(FILES)
    assert outline(edited(AddBlock("s3", olx('<vertical url_name="v" a="b"/>')), course=course).course)["s3"] == ["v"]


# What would not read back


NESTED: Mapping[str, bytes] = {
    **FILES,
    "vertical/red.xml": b'<vertical display_name="Red"><vertical url_name="outer"/></vertical>\n',
    "vertical/outer.xml": b'<vertical display_name="Outer"><vertical url_name="inner"/></vertical>\n',
    "vertical/inner.xml": b'<vertical display_name="Inner"><conditional url_name="choice"/></vertical>\n',
    "conditional/choice.xml": b'<conditional><vertical url_name="chosen"/></conditional>\n',
    "vertical/chosen.xml": b'<vertical display_name="Chosen"/>\n',
}


@pytest.mark.parametrize(
    "change",
    [
        AddBlock("vertical/chosen", olx('<conditional><vertical url_name="chosen"/></conditional>'), allow_move=True),
        AddBlock("vertical/inner", olx('<vertical x="y"><vertical url_name="outer"/></vertical>'), allow_move=True),
        ReplaceBlock(
            "vertical/red",
            olx('<vertical><vertical url_name="inner" x="y"><vertical url_name="outer"/></vertical></vertical>'),
            DELETE,
        ),
    ],
)
def test_pointers_cannot_put_a_block_below_itself(change: AddBlock | ReplaceBlock) -> None:
    """U3, U4: neither one above the place that the change is about, nor one that keeps what is put above it."""
    assert codes(refused(change, course=course_of(NESTED))) == ["INTO_ITSELF"]


def test_a_block_can_be_put_into_a_new_one_in_its_place() -> None:
    change = ReplaceBlock(
        "vertical/outer", olx('<vertical url_name="new"><vertical url_name="outer"/></vertical>'), KEEP
    )
    made = edited(change, course=course_of(NESTED))
    assert outline(made.course)["red"] == ["new"]
    assert outline(made.course)["new"] == ["outer"]
    assert made.warnings == ()


def test_blocks_cannot_be_nested_deeper_than_can_be_read() -> None:
    """One change after the other would get anywhere."""
    above = ["vertical/inner", *(f"vertical/n{number}" for number in range(70))]
    adds = [AddBlock(parent, olx(f'<vertical url_name="n{n}" x="y"/>')) for n, parent in enumerate(above)]
    edited(*adds[:56], course=course_of(NESTED))
    [problem] = refused(*adds[:57], course=course_of(NESTED))
    assert (problem.code, problem.reason, problem.change) == (EditCode.INVALID_OLX, "TOO_DEEP", 56)


@pytest.mark.parametrize(
    ("block", "text", "orphans"),
    [
        ("chapter/c1", '<chapter><sequential url_name="s1" x="y"/><sequential url_name="s2"/></chapter>',
         ["vertical/u1", "vertical/u2", "html/page", "problem/sum", "discussion/talk", "html/both"]),
        ("vertical/red", '<vertical><vertical url_name="inner" x="y"/></vertical>',
         ["vertical/outer", "conditional/choice", "vertical/chosen"]),
    ],
)  # fmt: skip
def test_what_blocks_below_leave_out_is_orphaned_too(block: str, text: str, orphans: list[str]) -> None:
    """U20, U24: transitive, of whichever block of the subtree is defined anew, and wherever it stands now."""
    course = course_of(NESTED)
    [problem] = refused(ReplaceBlock(block, olx(text), KEEP), course=course)
    assert problem.code is EditCode.ORPHANS
    assert {str(each.key) for each in problem.blocks} >= set(orphans)
    made = edited(ReplaceBlock(block, olx(text), DELETE), course=course)
    assert made.removed == problem.blocks


def test_a_block_of_several_places_that_is_defined_in_one_of_them_gets_a_file() -> None:
    """It is one block still; two definitions could not be imported again."""
    text = '<vertical><html url_name="both" display_name="New">new</html>{}</vertical>'
    made = edited(ReplaceBlock("vertical/u2", olx(text.format("")), DELETE))
    assert outline(made.course)["u1"][-1] == "both"
    assert "SHARED" in codes(made.warnings)
    kept = text.replace("both", "then").format('<conditional url_name="if"/>')
    made = edited(ReplaceBlock("vertical/u2", olx(kept), DELETE))
    assert outline(made.course)["u2"] == ["then", "if"]
    assert outline(made.course)["if"] == ["then"]


def test_what_a_list_adds_and_takes_out_again_was_never_there() -> None:
    made = edited(AddBlock("u3", olx('<html url_name="new">x</html>')), DeleteBlock("vertical/u3"))
    assert key("html/new") not in [each.key for each in made.removed]


def test_a_page_that_is_not_sent_is_missed() -> None:
    """A course with it could not be imported again; nor is the page that is there to be lost."""
    for change in (
        ReplaceBlock("html/page", olx('<html filename="page" display_name="New"/>'), KEEP),
        AddBlock("vertical/u3", olx('<html filename="../policies/R/policy"/>')),
    ):
        [problem] = refused(change)
        assert (problem.code, problem.reason) == (EditCode.INVALID_OLX, "MISSING_FILE")
        assert problem.breadcrumb[:2] == ("Demo", "One")


def test_names_that_only_differ_by_case_are_refused() -> None:
    """Their files are one on some systems, and such an archive is not imported."""
    text = '<html url_name="PAGE">x</html>'
    assert codes(refused(AddBlock("u3", olx(text)))) == ["DUPLICATE_NAME"]
    assert outline(edited(AddBlock("u3", olx(text), duplicates=Duplicates.RENAME)).course)["u3"]
    inline = '<vertical url_name="v"><html url_name="PAGE">x</html></vertical>'
    edited(AddBlock("s3", olx(inline)))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("static/../../x", "UNSAFE_PATH"),
        ("static/a\0b", "UNSAFE_PATH"),
        ("VERTICAL/new.xml", "CASE_CLASH"),
        ("vertical/new.xml/x", "DUPLICATE_PATH"),
    ],
)
def test_files_are_judged_as_those_of_an_archive(path: str, reason: str) -> None:
    files = {"vertical/new.xml": InMemory.of(b"<vertical/>"), path: InMemory.of(b"x")}
    assert [problem.reason for problem in refused(AddBlock("s3", Olx(None, files, "vertical/new")))] == [reason]


def test_a_renamed_block_keeps_the_policy_that_it_comes_with() -> None:
    sent = {
        "problem/sum.xml": b"<problem>another</problem>",
        "policies/R/policy.json": b'{"problem/sum": {"weight": 7.0}}',
    }
    blobs = {path: InMemory.of(data) for path, data in sent.items()}
    made = edited(AddBlock("u3", Olx(None, blobs, "problem/sum"), duplicates=Duplicates.RENAME))
    assert made.course.policy is not None
    assert made.course.policy.value["problem/sum_2"] == {"weight": 7.0}
    assert made.course.policy.value["problem/sum"] == {"weight": 2.0}


def test_blocks_of_other_packages_are_added_where_the_course_uses_them() -> None:
    """spec/content-api.md, "Self-documenting API": a type need not be known here; one that is mistyped is refused."""
    add = AddBlock("u3", olx('<scorm url_name="s" x="y"/>'))
    [problem] = refused(add)
    assert problem.code is EditCode.PLACEMENT
    assert "advanced_modules" in problem.hint
    made = edited(SetCourseSettings({"advanced_modules": '["scorm"]'}), add)
    assert outline(made.course)["u3"] == ["bank", "s"]
    again = edited(AddBlock("u1", olx("<scorm/>")), MoveBlock("scorm/s", "vertical/u2"), course=made.course)
    assert outline(again.course)["u2"][-1] == "s"


@pytest.mark.parametrize("told", [b"{", b"[]", b'{"type": "vertical"}'])
def test_a_manifest_that_says_nothing_is_passed_over(told: bytes) -> None:
    files = {"vertical/u3.xml": InMemory.of(b"<vertical display_name='Sent'/>"), MANIFEST: InMemory.of(told)}
    made = edited(ReplaceBlock("vertical/u3", Olx(None, files), DELETE))
    assert made.index.blocks[key("vertical/u3")].display_name == "Sent"
    [problem] = refused(AddBlock("s3", Olx(None, files)))
    assert problem.reason == "NO_ROOT"


def test_a_block_is_shared_only_where_it_is_not_yet() -> None:
    sent = olx(FILES["html/both.xml"].decode().replace("<html", '<html url_name="both"'))
    problems = refused(AddBlock("vertical/u1", sent, duplicates=Duplicates.SHARE_IF_EQUAL))
    assert [(problem.code, problem.block) for problem in problems] == [(EditCode.ALREADY_THERE, key("html/both"))]
    made = edited(AddBlock("vertical/u3", sent, duplicates=Duplicates.SHARE_IF_EQUAL))
    assert outline(made.course)["u3"] == ["bank", "both"]


def test_a_name_that_is_too_long_for_a_file_is_refused() -> None:
    [problem] = refused(AddBlock("vertical/u1", olx(f"<html url_name='{'a' * 252}'>x</html>")))
    assert (problem.code, problem.reason) == (EditCode.INVALID_OLX, "UNWRITABLE")
    assert "longer than 255 bytes" in problem.message
