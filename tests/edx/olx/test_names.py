import pytest

from edx.olx.markup import parse_markup
from edx.olx.names import clean, clean_asset, file_of, foreign_in, name_of, unusable
from edx.olx.problems import Key


@pytest.mark.parametrize(
    ("markup", "name", "is_synthetic"),
    [
        (b'<a url_name="u" slug="s" name="n"/>', "u", False),
        (b'<a slug="s" name="n" display_name="d"/>', "s", False),
        (b'<a name="The  Name!" display_name="d"/>', "The_Name_", True),
        (b'<a display_name="Week 1: &#233;t&#233;"/>', "Week_1_\u00e9t\u00e9", True),
        (b"<a>text</a>", "a_b91391d086e1", True),
    ],
)
def test_a_block_is_called_by_the_first_name_that_it_has(markup: bytes, name: str, *, is_synthetic: bool) -> None:
    """The notes on OLX, §1.4 F16."""
    assert name_of(parse_markup(markup, "x.xml"), markup) == (name, is_synthetic)


def test_a_made_up_name_depends_on_the_element_only() -> None:
    """The notes on OLX, §1.4 F18."""
    names = set()
    for data in (b"<v><a>1</a></v>", b"<v>\n\n <b/><a>1</a></v>"):
        element = parse_markup(data, "x.xml").children[-1]
        names.add(name_of(element, data)[0])
    assert len(names) == 1


def test_names_are_cleaned_as_open_edx_does() -> None:
    """The notes on OLX, §1.4 F15."""
    assert clean("a  b__c/d%20e.f-g") == "a_b_c_d%20e.f-g"
    assert clean_asset("a  b__c.png") == "a__b__c.png"


def test_a_colon_in_a_name_is_a_folder_of_the_definition_file() -> None:
    """The notes on OLX, §1.3 F7 and F10."""
    assert file_of(Key("html", "secret:toylab"), ()) == "html/secret/toylab.xml"
    assert file_of(Key("problem", "p"), (("filename", "old/p1"),)) == "problem/old/p1.xml"


@pytest.mark.parametrize("name", ["", "..", "a/../b", "a:..:b", "/a", "a/", "a:", "a\\b", "a\nb", "x" * 256])
def test_names_that_could_lead_anywhere_are_unusable(name: str) -> None:
    assert unusable(name)


@pytest.mark.parametrize(("name", "letter"), [("aé-b.c~d:e%20", ""), ("a b", " "), ("a+b", "+"), ("®x", "®")])
def test_characters_that_no_key_holds_are_found(name: str, letter: str) -> None:
    """The notes on OLX, §1.4 F14."""
    assert not unusable(name)
    assert foreign_in(name) == letter
