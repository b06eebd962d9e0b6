from dataclasses import replace

from edx.olx import Block, Key
from resolvers.editing.names import free, invented, is_same

PAGE = Block("html", "intro", markup=b"<p/>")


def test_a_name_that_is_taken_gets_the_first_number_that_is_free() -> None:
    assert free(PAGE.key, set()) == Key("html", "intro_2")
    assert free(PAGE.key, {Key("html", "intro_2"), Key("html", "intro_3")}) == Key("html", "intro_4")


def test_made_up_names_follow_from_the_content_and_are_free() -> None:
    parent = Key("vertical", "v")
    first = invented("html", parent, b"<p/>", set())
    second = invented("html", parent, b"<p/>", {Key("html", first)})

    assert first == invented("html", parent, b"<p/>", set())
    assert len({first, second, invented("html", parent, b"<b/>", set())}) == 3


def test_a_pointer_without_a_definition_stands_for_whatever_has_its_name() -> None:
    missing = replace(PAGE, markup=b"", is_missing=True)
    assert is_same(missing, PAGE)
    assert is_same(PAGE, missing)
    assert not is_same(missing, Block("problem", "intro"))
    assert not is_same(PAGE, replace(PAGE, markup=b"<b/>"))
