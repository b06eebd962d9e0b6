from edx.olx import Key
from resolvers.content.outline import Outline, Setting, entry_of
from tests.resolvers.content.trees import node, outline


def test_a_block_with_two_parents_has_them_in_the_order_of_the_course_and_comes_once() -> None:
    """content.md, P1: the order is that of the document, not of the alphabet."""
    found = outline(node("w1", node("z", node("shared")), node("a", node("shared"), node("own"))))

    assert found.parents[Key("vertical", "shared")] == (Key("sequential", "z"), Key("sequential", "a"))
    assert [entry.key.name for entry in found.walk()] == ["course", "w1", "z", "shared", "a", "own"]
    assert [entry.key.name for entry in found.lineage(Key("vertical", "shared"))] == ["course", "w1", "z", "shared"]


def test_a_setting_is_the_blocks_own_or_the_nearest_aboves_and_says_whose() -> None:
    """content.md, S1: effective value, and the block that it comes from."""
    found = outline(node("w1", node("s", node("u", due="2021")), due="2020", format="Exam"), graded="true")

    assert found.setting(Key("vertical", "u"), "due") == Setting("2021", Key("vertical", "u"))
    assert found.setting(Key("sequential", "s"), "due") == Setting("2020", Key("chapter", "w1"))
    assert found.setting(Key("vertical", "u"), "graded") == Setting("true", Key("course", "course"))
    assert found.setting(Key("chapter", "w1"), "format") == Setting("Exam", Key("chapter", "w1"))
    assert found.setting(Key("sequential", "s"), "format") is None, "which is not handed down"


def test_a_pointer_to_nothing_is_passed_over() -> None:
    root = entry_of(Key("course", "c"), {"display_name": "C"}, [Key("chapter", "gone")])

    found = Outline.of([root])

    assert list(found.walk()) == [root]
    assert found.course.display_name == "C"
