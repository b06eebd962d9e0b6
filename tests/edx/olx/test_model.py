from dataclasses import FrozenInstanceError

import pytest

from edx.olx import Block, Draft, File, InMemory
from tests.edx.olx.twins import COURSE, parsed


def test_blocks_are_immutable_and_equal_by_what_they_are() -> None:
    block = Block("html", "a", (("x", "1"),))
    with pytest.raises(FrozenInstanceError):
        block.type = "b"  # type: ignore[misc] # that is the point
    assert block == Block("html", "a", (("x", "1"),))
    assert len({block, Block("html", "a", (("x", "1"),))}) == 1


def test_where_a_block_was_read_does_not_count() -> None:
    first, second = (parsed(COURSE, prefix=prefix).course for prefix in ("", "elsewhere/"))
    assert first.root == second.root
    assert str(second.root.place) == "elsewhere/course/course.xml:1:1"


def test_the_name_stands_in_for_a_missing_display_name() -> None:
    assert Block("html", "a").display_name == "a"
    assert Block("html", "a", (("display_name", ""),)).display_name == "a"
    assert Block("html", "a", (("display_name", "A"),)).display_name == "A"


def test_a_walk_goes_in_the_order_of_the_course_and_visits_shared_blocks_once() -> None:
    assert [str(block.key) for block in parsed(COURSE).course.root.walk()] == [
        "course/course", "chapter/one", "sequential/first", "vertical/u1", "html/page", "problem/sum", "video/film",
        "discussion/talk", "poll/ask", "vertical/u2", "scorm/odd", "chapter/two",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "parent", "index"),
    [
        ((("parent_url", "p"), ("index_in_children_list", "3")), "p", 3),
        ((("parent_sequential_url", "i4x://o"), ("index_in_children_list", "x")), "i4x://o", 0),
        ((), "", 0),
    ],
)
def test_a_draft_says_where_it_belongs(settings: tuple[tuple[str, str], ...], parent: str, index: int) -> None:
    """The notes on OLX, §1.9 F50: the attribute has an older name."""
    draft = Draft(Block("vertical", "v", settings))
    assert (draft.parent, draft.index) == (parent, index)


def test_files_are_equal_by_their_digest() -> None:
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert InMemory.of(b"hello") == InMemory(digest, b"hello")
    assert File("a", InMemory.of(b"1")) != File("a", InMemory.of(b"2"))
    assert "hello" not in repr(InMemory.of(b"hello"))
