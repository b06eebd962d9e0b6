"""The tree while it is edited: who leads to whom, and what is made anew."""

from dataclasses import replace

from edx.olx import Block
from resolvers.editing.tree import Index, Tree
from tests.resolvers.editing.courses import FILES, course_of, demo, key


def tree() -> Tree:
    return Tree(Index.of(demo().root))


def without(tree: Tree, parent: str, child: str) -> None:
    block = tree[key(parent)]
    tree.put(replace(block, children=tuple(each for each in block.children if each.key != key(child))))


def test_a_block_with_two_parents_knows_both() -> None:
    assert tree().parents(key("html/both")) == (key("vertical/u1"), key("vertical/u2"))


def test_a_block_that_stands_twice_in_another_has_it_as_a_parent_once() -> None:
    twice = b'<vertical><html url_name="both"/><html url_name="both"/></vertical>'
    made = Index.of(course_of({**FILES, "vertical/u3.xml": twice}).root)
    assert [child.url_name for child in made.blocks[key("vertical/u3")].children] == ["both", "both"]
    assert made.parents[key("html/both")] == (key("vertical/u1"), key("vertical/u2"), key("vertical/u3"))


def test_whatever_stands_below_an_experiment_is_known_to() -> None:
    made = tree()
    assert made.in_experiment(key("html/rose"))
    assert not made.in_experiment(key("html/both"))  # it stands in two units of one sequence


def test_only_what_the_root_does_not_lead_to_is_lost() -> None:
    """U24: with all below, each named. U23: a block with another parent is not lost."""
    made = tree()
    without(made, "sequential/s1", "vertical/u2")
    lost = made.lost([key("vertical/u2")])
    assert [str(each) for each in lost] == [
        "vertical/u2",
        "split_test/ab",
        "vertical/red",
        "html/rose",
        "vertical/blue",
        "conditional/if",
        "html/then",
    ]
    without(made, "sequential/s1", "vertical/u1")
    assert key("html/both") in made.lost([key("vertical/u1"), key("vertical/u2")])


def test_only_the_way_to_the_root_is_made_anew() -> None:
    """U13: unchanged siblings are the same objects."""
    before = demo().root
    made = tree()
    page = made[key("html/page")]
    made.put(replace(page, settings=(("display_name", "Other"),)))
    root, index, touched = made.finished()
    old, new = {block.key: block for block in before.walk()}, index.blocks
    anew = {str(each) for each in new if new[each] is not old[each]}
    assert anew == {"course/R", "chapter/c1", "sequential/s1", "vertical/u1", "html/page"}
    assert root is new[key("course/R")]
    assert set(map(str, touched)) == anew
    assert before == demo().root


def test_an_index_after_edits_is_that_of_the_new_tree() -> None:
    made = tree()
    without(made, "sequential/s1", "vertical/u2")
    made.drop(made.lost([key("vertical/u2")]))
    made.put(replace(made[key("vertical/u3")], children=(Block("html", "new", pointer=None),)))
    made.put(Block("html", "new", pointer=None))
    made.drop(made.lost([key("library_content/bank")]))
    root, index, touched = made.finished()
    fresh = Index.of(root)
    assert index.blocks == fresh.blocks
    assert index.parents == fresh.parents
    before = {block.key: block for block in demo().root.walk()}
    assert touched >= {each for each in before if index.blocks.get(each) is not before[each]}
    assert key("vertical/u2") in touched
    assert key("vertical/u2") in made.gone


def test_a_trail_is_of_display_names() -> None:
    assert tree().trail(key("problem/sum")) == ("Demo", "One", "First", "Unit 1", "Sum")
    assert tree().named(key("sequential/s1")).descendants == 12
    assert tree().in_experiment(key("html/rose"))
    assert not tree().in_experiment(key("split_test/ab"))


def test_what_stands_in_several_places_is_below_all_of_them_and_no_others() -> None:
    made = tree()
    both = key("html/both")
    assert made.is_below(both, both)
    assert made.is_below(both, key("vertical/u2"))
    assert made.is_below(both, made.root)
    assert not made.is_below(both, key("vertical/red"))
