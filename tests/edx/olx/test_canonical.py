from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx.olx import Block, UnwritableBlock, serialize
from edx.olx.canonical import path_of
from edx.olx.markup import parse_markup
from tests.edx.olx.generated import VALUES
from tests.edx.olx.twins import COURSE, block_of, parsed, unit

PAGE = Block("html", "page")
SUM = Block("problem", "sum", (("display_name", "Sum"),), markup=b"<p>1 + 1</p>", pointer=None)


def test_a_container_names_its_children_and_holds_those_that_are_inline() -> None:
    odd = Block("odd", "o", pointer=None, markup=b" x ")
    nested = Block("wrapper", "w", children=(SUM,), pointer=None)
    old = Block("problem", "p", pointer=(("filename", "file"),))
    unit = Block("vertical", "v", (("b", "1"), ("a", "2")), (PAGE, odd, nested, old), markup=b"<wiki/>")
    assert (
        serialize(unit)
        == b"""\
<vertical b="1" a="2">
  <wiki/>
  <html url_name="page"/>
  <odd url_name="o"> x </odd>
  <wrapper url_name="w">
    <problem url_name="sum" display_name="Sum"><p>1 + 1</p></problem>
  </wrapper>
  <problem url_name="p" filename="file"/>
</vertical>
"""
    )


def test_empty_blocks_are_one_tag() -> None:
    assert serialize(Block("vertical", "v")) == b"<vertical/>\n"
    assert serialize(Block("html", "h", (("filename", "h"),))) == b'<html filename="h"/>\n'


def test_an_empty_inline_block_is_not_taken_for_a_pointer() -> None:
    """The notes on OLX, §1.3 F6."""
    source = unit(b'<vertical><wrapper url_name="w"><!-- empty --></wrapper></vertical>')
    found = block_of(parsed(source), "vertical/v")
    data = serialize(found)
    assert data == b'<vertical>\n  <wrapper url_name="w"><!-- defined here --></wrapper>\n</vertical>\n'
    again = parsed({**source, "vertical/v.xml": data})
    assert replace(block_of(again, "vertical/v"), source=None) == replace(found, source=None)


def test_the_markup_of_a_component_is_written_as_it_is() -> None:
    """The notes on OLX, §1.5 F22: Open edX indents it anew, which changes what stands in <pre>."""
    markup = b"\n<pre>\n 1 +  1</pre>\r\n<![CDATA[<]]><!-- c -->"
    assert serialize(replace(SUM, markup=markup)) == b'<problem display_name="Sum">' + markup + b"</problem>\n"


@given(VALUES)
def test_any_value_reads_back_as_it_was(value: str) -> None:
    """The notes on OLX, §1.5 F28: line breaks and tabs too."""
    data = serialize(replace(PAGE, settings=(("x", value),)))
    assert parse_markup(data, "x").get("x") == value
    assert data.count(b"\n") == 1


@pytest.mark.parametrize(
    "block",
    [
        replace(PAGE, settings=(("a b", ""),)),
        replace(PAGE, settings=(("", ""),)),
        replace(PAGE, settings=(("1", ""),)),
        replace(PAGE, settings=(("x><y z", ""),)),
        replace(PAGE, settings=(("x", "\0"),)),
        replace(PAGE, settings=(("x", "\ud800"),)),
        replace(PAGE, settings=(("x", "1"), ("x", "2"))),
        replace(PAGE, type="a b"),
        replace(SUM, markup=b"<p>"),
        replace(SUM, markup=b"</problem><problem>"),
        replace(SUM, markup=b"\xff"),
        replace(SUM, url_name="../../x"),
        Block("vertical", "v", (), (SUM,), markup=b"<!DOCTYPE x>"),
    ],
    ids=str,
)
def test_what_would_not_read_back_is_not_written(block: Block) -> None:
    with pytest.raises(UnwritableBlock):
        serialize(block)


@given(st.permutations(["a", "b", "c"]))
def test_equal_blocks_give_equal_bytes(order: list[str]) -> None:
    first, second = (replace(SUM, settings=tuple((name, name) for name in order)) for _ in range(2))
    assert first is not second
    assert serialize(first) == serialize(second)


def test_the_way_a_file_is_written_does_not_count() -> None:
    """The notes on OLX, §1.6 F36."""
    other = {**COURSE, "chapter/one.xml": b"<chapter display_name = 'One'\n><sequential url_name='first' /></chapter>"}
    first, second = (block_of(parsed(source), "chapter/one") for source in (COURSE, other))
    assert first.source is not None
    assert second.source is not None
    assert first.source.blob != second.source.blob
    assert first.source.meaning == second.source.meaning


@pytest.mark.parametrize("name", ["..", "/etc", "a\nb", "x" * 300])
def test_a_block_whose_name_is_none_of_a_file_is_not_written(name: str) -> None:
    with pytest.raises(UnwritableBlock, match="cannot be the name of a file"):
        path_of(Block("html", name))
