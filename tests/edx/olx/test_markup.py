import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx.olx.markup import MarkupError, parse_markup
from edx.olx.problems import Code


def error_of(data: bytes) -> MarkupError:
    with pytest.raises(MarkupError) as error:
        parse_markup(data, "a.xml")
    return error.value


def test_elements_know_where_they_stand() -> None:
    data = "<?xml version='1.0'?>\n<!-- é -->\n<a x='>' y = \"/>\"  >é<b/><c></c>\n <d z='1' >/></d></a>\n".encode()
    for document in (data, b"\xef\xbb\xbf" + data):
        root = parse_markup(document, "a.xml")
        shown = [document[element.start : element.end].decode() for element in root.children]
        assert shown == ["<b/>", "<c></c>", "<d z='1' >/></d>"]
        inner = [document[element.inside : element.outside] for element in root.children]
        assert inner == [b"", b"", b"/>"]
        assert [str(element.place) for element in root.children] == ["a.xml:3:22", "a.xml:3:26", "a.xml:4:2"]
        assert document[root.start :].startswith(b"<a")
        assert document[root.outside :] == b"</a>\n"


def test_attributes_keep_their_order_their_prefixes_and_their_line_breaks() -> None:
    root = parse_markup(b'<a z="1" b="x&#10;y&quot;" xmlns:o="urn:o" o:none="true"><o:f/></a>', "a.xml")
    assert root.attributes == (("xmlns:o", "urn:o"), ("z", "1"), ("b", 'x\ny"'), ("o:none", "true"))
    [child] = root.children
    assert (child.tag, child.namespace, child.attributes) == ("o:f", "urn:o", ())


@pytest.mark.parametrize(
    ("data", "has_text", "has_notes"),
    [
        (b"<a> \n</a>", False, False),
        (b"<a>x</a>", True, False),
        (b"<a><!-- x --></a>", False, True),
        (b"<a><?x y?></a>", False, True),
        (b"<a><![CDATA[x]]></a>", True, False),
        (b"<a><b>x</b></a>", False, False),
    ],
)
def test_text_and_comments_are_remembered_where_they_stand(data: bytes, *, has_text: bool, has_notes: bool) -> None:
    root = parse_markup(data, "a.xml")
    assert (root.has_text, root.has_notes) == (has_text, has_notes)


def test_a_syntax_error_has_its_place_and_the_element_that_is_open() -> None:
    """The notes on OLX, §1.12, first row."""
    error = error_of(b'<sequential display_name="o">\n  <video url="h"></sequential>')
    assert (error.code, str(error.place)) == (Code.SYNTAX, "a.xml:2:20")
    assert error.message == "the XML is not well-formed: mismatched tag"
    assert error.hint == "<video> of line 2 is open here"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no element found"),
        (b"<a>", "no element found"),
        (b"<a/><b/>", "junk after document element"),
        (b'<a x="1" x="2"/>', "duplicate attribute"),
        (b"<a>&nbsp;</a>", "undefined entity"),
        (b"<a><b:c/></a>", "unbound prefix"),
        (b'<%namespace name="x"/>', "not well-formed (invalid token)"),
        (b"<a>\x01</a>", "not well-formed (invalid token)"),
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes, message: str) -> None:
    """The notes on OLX, §1.10: templates of OLX among them."""
    error = error_of(data)
    assert (error.code, error.message) == (Code.SYNTAX, f"the XML is not well-formed: {message}")


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;">]>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
        b"<!DOCTYPE a>",
    ],
)
def test_any_document_type_is_refused(declaration: bytes) -> None:
    """The notes on OLX, §1.10: foreign files and entities that fill the memory."""
    error = error_of(b"\n" + declaration + b"<a>&x;&z;</a>")
    assert (error.code, str(error.place)) == (Code.DOCTYPE, "a.xml:2:1")


def test_deep_nesting_is_refused() -> None:
    """The notes on OLX, §1.10."""
    assert parse_markup(b"<a>" * 256 + b"</a>" * 256, "a.xml").tag == "a"
    error = error_of(b"<a>" * 257 + b"</a>" * 257)
    assert (error.code, error.place.column) == (Code.TOO_DEEP, 256 * 3 + 1)


def test_what_fills_the_memory_is_refused() -> None:
    """The notes on OLX, §1.10."""
    assert error_of(b"<a " + b" ".join(b'x%d="1"' % number for number in range(1001)) + b"/>").code is Code.TOO_LARGE
    assert error_of(b"<a>" + b"<b/>" * 250_000 + b"</a>").code is Code.TOO_LARGE
    assert error_of(b"<a>" + b" " * (32 << 20) + b"</a>").code is Code.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "place", "reason"),
    [
        ("<a>é\né</a>".encode("latin-1"), "a.xml:1:4", "byte 4 of the file is not UTF-8: e9"),
        (b"<a>\n\xc3\xa9\xff</a>", "a.xml:2:2", "byte 7 of the file is not UTF-8: ff"),
        ("<a/>".encode("utf-16"), "a.xml:1:1", "byte 1 of the file is not UTF-8: ff"),
        (b'<?xml version="1.0" encoding="latin-1"?><a/>', "a.xml:1:1", "the file is declared to be 'latin-1'"),
    ],
)
def test_other_codings_are_refused_with_the_byte(data: bytes, place: str, reason: str) -> None:
    """The notes on OLX, §1.10."""
    error = error_of(data)
    assert (error.code, str(error.place)) == (Code.ENCODING, place)
    assert error.message.startswith(reason)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='<>&"\ufffe\uffff'))
ELEMENTS = st.recursive(
    st.builds('<e a="{}"/>'.format, TEXTS) | st.builds("<e>{}</e>".format, TEXTS) | TEXTS,
    lambda inner: st.builds("<e b='/>'>{}</e >".format, st.lists(inner, max_size=4).map("".join)),
)


@given(ELEMENTS.map("<root>{}</root>".format))
def test_the_bytes_of_children_and_between_them_make_up_the_parent(document: str) -> None:
    data = document.encode()
    left = [parse_markup(data, "a.xml")]
    while left:
        element = left.pop()
        left.extend(element.children)
        assert data[element.start :].startswith(b"<" + element.tag.encode())
        assert data[: element.end].endswith(b">")
        assert element.start < element.inside <= element.outside <= element.end
        between = [
            element.inside,
            *(at for child in element.children for at in (child.start, child.end)),
            element.outside,
        ]
        assert between == sorted(between)
        texts = [data[start:end] for start, end in zip(between[::2], between[1::2], strict=True)]
        assert b"<" not in b"".join(texts)
