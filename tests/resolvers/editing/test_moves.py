"""Moving and deleting (§2.3 M1 to M7, §2.4 D1 to D8 of the notes on OLX)."""

import pytest

from resolvers.content.nodes import write
from resolvers.editing.changes import AddBlock, DeleteBlock, MoveBlock
from tests.resolvers.editing.courses import codes, demo, edited, key, olx, outline, refused


def test_a_block_is_reordered_within_its_parent() -> None:
    """M1."""
    made = edited(MoveBlock("problem/sum", "vertical/u1", 0))
    assert outline(made.course)["u1"] == ["sum", "page", "talk", "both"]
    assert made.changed == (key("vertical/u1"),)


def test_chapters_are_reordered() -> None:
    assert outline(edited(MoveBlock("chapter/c2", "course/R", 0)).course)["R"] == ["c2", "c1"]


@pytest.mark.parametrize(
    ("block", "parent", "index", "expected"),
    [
        ("sequential/s1", "chapter/c2", 0, ["s1", "s3", "loose"]),
        ("vertical/u1", "sequential/s3", None, ["u1"]),
        ("html/page", "vertical/u3", None, ["bank", "page"]),
        ("problem/sum", "library_content/bank", 0, ["sum", "q1"]),
        ("html/rose", "vertical/u1", 1, ["page", "rose", "sum", "talk", "both"]),
        ("html/loose", "vertical/u1", 4, ["page", "sum", "talk", "both", "loose"]),
        ("html/page", "conditional/if", 0, ["page", "then"]),
        ("discussion/talk", "vertical/u3", 0, ["talk", "bank"]),
        ("split_test/ab", "vertical/u3", 0, ["ab", "bank"]),
    ],
)
def test_a_block_moves_to_another_parent_of_its_level(
    block: str, parent: str, index: int | None, expected: list[str]
) -> None:
    """M2; a component stays one at any depth."""
    made = edited(MoveBlock(block, parent, index))
    assert outline(made.course)[key(parent).name] == expected
    assert made.removed == ()


@pytest.mark.parametrize(
    ("block", "parent", "code", "message"),
    [
        ("vertical/u1", "chapter/c1", "LEVEL_MISMATCH", "must remain at the same level of content hierarchy"),
        ("sequential/s1", "course/R", "LEVEL_MISMATCH", "must remain at the same level"),
        ("sequential/s1", "sequential/s3", "LEVEL_MISMATCH", "must remain at the same level"),
        ("vertical/u1", "conditional/if", "LEVEL_MISMATCH", "must remain at the same level"),
        ("html/page", "sequential/s3", "LEVEL_MISMATCH", "must remain at the same level"),
        ("html/page", "html/page", "INTO_ITSELF", "You can not move an item into itself."),
        ("sequential/s1", "vertical/u1", "INTO_ITSELF", "You can not move an item into it's child."),
        ("html/page", "problem/sum", "PLACEMENT", "You can not move html into problem."),
        ("discussion/talk", "library_content/bank", "PLACEMENT", "You can not move discussion into library_content."),
        ("vertical/u3", "split_test/ab", "INTO_EXPERIMENT", "directly into content experiment."),
        ("course/R", "chapter/c1", "ROOT_FIXED", "Cannot move the root"),
        ("vertical/red", "conditional/if", "BROKEN_REFERENCE", "is a group of the experiment split_test/ab"),
        ("vertical/no", "sequential/s3", "BLOCK_UNKNOWN", "there is no block 'vertical/no'"),
        ("html/both", "vertical/u3", "BLOCK_AMBIGUOUS", "say in which: vertical/u1, vertical/u2"),
    ],
)
def test_a_move_that_cannot_be_is_refused_in_the_words_of_open_edx(
    block: str, parent: str, code: str, message: str
) -> None:
    """M3, M4, M5, M7."""
    problems = refused(MoveBlock(block, parent))
    assert codes(problems) == [code]
    assert message in problems[0].message


def test_a_move_to_where_the_block_is_is_refused() -> None:
    """M4."""
    for change in (
        MoveBlock("html/page", "vertical/u1", 0),
        MoveBlock("html/both", "vertical/u2", source="vertical/u1"),
    ):
        problems = refused(change)
        assert codes(problems) == ["ALREADY_THERE"]
        assert problems[0].message == "Item is already present in target location."


@pytest.mark.parametrize(("parent", "index"), [("vertical/u1", 4), ("vertical/u1", -1), ("vertical/u3", 2)])
def test_a_move_to_no_place_is_refused(parent: str, index: int) -> None:
    """U9."""
    assert codes(refused(MoveBlock("html/page", parent, index))) == ["INVALID_INDEX"]


@pytest.mark.parametrize(
    ("block", "parent"),
    [("html/page", "vertical/u3"), ("sequential/s1", "chapter/c2"), ("problem/sum", "vertical/u1"), ("u1", "s3")],
)
def test_a_move_and_its_undoing_give_the_same_version(block: str, parent: str) -> None:
    """M6: the answer has the place where the block was."""
    there = edited(MoveBlock(block, parent, 0))
    done = there.done[0]
    back = edited(MoveBlock(block, str(done.parent), done.index), course=there.course)
    assert write(there.course).root != write(demo()).root
    assert write(back.course).root == write(demo()).root


def test_a_shared_block_moves_from_the_parent_that_is_named() -> None:
    made = edited(MoveBlock("html/both", "vertical/u3", 0, source="vertical/u1"))
    assert set(made.index.parents[key("html/both")]) == {key("vertical/u2"), key("vertical/u3")}
    assert codes(refused(MoveBlock("html/both", "vertical/u3", 0, source="vertical/u3"))) == ["BLOCK_UNKNOWN"]


def test_a_block_is_deleted_with_all_below_it_that_stands_nowhere_else() -> None:
    """D1."""
    made = edited(DeleteBlock("vertical/u2"))
    removed = {str(each.key): each.breadcrumb for each in made.removed}
    assert list(removed) == [
        "vertical/u2",
        "split_test/ab",
        "vertical/red",
        "html/rose",
        "vertical/blue",
        "conditional/if",
        "html/then",
    ]
    assert removed["html/rose"] == ("Demo", "One", "First", "Unit 2", "AB", "Red", "rose")


def test_a_shared_block_is_deleted_in_all_its_places() -> None:
    made = edited(DeleteBlock("both"))
    assert [each.key for each in made.removed] == [key("html/both")]


def test_the_root_cannot_be_deleted() -> None:
    """D2, in the words of Open edX."""
    assert [problem.message for problem in refused(DeleteBlock("course/R"))] == ["Cannot delete the root of a course"]


def test_what_is_not_there_cannot_be_deleted_nor_twice() -> None:
    """D3, D8."""
    assert codes(refused(DeleteBlock("html/none"))) == ["BLOCK_UNKNOWN"]
    problems = refused(DeleteBlock("html/page"), DeleteBlock("html/page"))
    assert (codes(problems), problems[0].change) == (["BLOCK_UNKNOWN"], 1)


@pytest.mark.parametrize(
    ("block", "source"),
    [
        ("vertical/red", "split_test/ab"),
        ("problem/sum", "conditional/if"),
        ("vertical/u3", "html/page"),
        ("sequential/s2", "course/R"),
    ],
)
def test_what_refers_to_a_deleted_block_is_named(block: str, source: str) -> None:
    """D4: experiments, conditionals, links, entrance exams; refused where that is wanted."""
    warnings = edited(DeleteBlock(block)).warnings
    assert source in {str(warning.block) for warning in warnings}
    assert set(codes(warnings)) == {"BROKEN_REFERENCE"}
    problems = refused(DeleteBlock(block, strict=True))
    assert source in {str(problem.block) for problem in problems}
    assert key(block) in {each.key for problem in problems for each in problem.blocks} or block == "sequential/s2"


def test_what_refers_to_nothing_that_is_gone_is_not_named() -> None:
    assert edited(DeleteBlock("html/then", strict=True)).warnings == ()


def test_the_last_unit_leaves_an_empty_sequence_and_assets_stay() -> None:
    """D5, D7."""
    made = edited(DeleteBlock("vertical/u3"))
    assert made.index.blocks[key("sequential/s2")].children == ()
    assert made.course.assets == demo().assets


@pytest.mark.parametrize("text", ["html/page", "page", "block-v1:O+C+R+type@html+block@page"])
def test_a_block_is_meant_by_key_or_by_a_name_that_only_it_has(text: str) -> None:
    """E7, F13, G2."""
    assert edited(DeleteBlock(text)).removed[0].key == key("html/page")


def test_a_name_that_two_blocks_have_is_refused_with_both() -> None:
    """E7."""
    course = edited(AddBlock("u1", olx('<problem url_name="page">x</problem>'))).course
    problems = refused(DeleteBlock("page"), course=course)
    assert codes(problems) == ["BLOCK_AMBIGUOUS"]
    assert [str(each.key) for each in problems[0].blocks] == ["html/page", "problem/page"]
