import pytest

from edx.olx.kinds import is_block, is_pointer
from edx.olx.markup import parse_markup


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (b'<html url_name="b"/>', True),
        (b'<html url_name="b"></html>', True),
        (b'<html url_name="b">   </html>', True),
        (b'<html url_name="b" also="x"/>', False),
        (b'<html url_name="b">text</html>', False),
        (b'<html url_name="b"><child/></html>', False),
        (b'<html url_name="b"><!-- note --></html>', False),
        (b"<html/>", False),
        (b'<course url_name="R" org="O" course="C"/>', True),
        (b'<course url_name="R" org="O"/>', False),
        (b'<course url_name="R" org="O" course="C" x="y"/>', False),
    ],
)
def test_a_pointer_is_a_tag_with_nothing_but_a_name(markup: bytes, *, expected: bool) -> None:
    """The notes on OLX, §1.3 F6."""
    assert is_pointer(parse_markup(markup, "x.xml")) is expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (b"<html/>", True),
        (b"<anything-else/>", True),
        (b"<wiki/>", False),
        (b"<textbook/>", False),
        (b"<show/>", False),
        (b'<o:x xmlns:o="http://code.edx.org/xblock/option"/>', False),
        (b'<x xmlns="http://code.edx.org/xblock/option"/>', False),
        (b'<aside xblock-family="xblock_asides.v1"/>', False),
        (b'<done xblock-family="xblock.v1"/>', True),
    ],
)
def test_fields_asides_and_settings_are_no_blocks(markup: bytes, *, expected: bool) -> None:
    """The notes on OLX, §1.2 and §1.5 F33."""
    assert is_block(parse_markup(markup, "x.xml")) is expected
