import time
from pathlib import Path, PurePosixPath

import pytest

from ondisk.diagnostics import Code, Report
from ondisk.documents import Item, children, read_json, read_xml
from ondisk.files import Folder
from tests.ondisk.trees import errors


def folder(path: Path, content: bytes | str) -> Folder:
    (path / "x").write_bytes(content if isinstance(content, bytes) else content.encode())
    return Folder(path, PurePosixPath("lib"), Report())


def at(item: Item, *trail: str | int) -> Item:
    for step in trail:
        item = item.members()[step] if isinstance(step, str) else item.elements()[step]
    return item


def test_children_are_told_to_the_last() -> None:
    assert list(children('{"a": [1, 2], "b" : {} }', 0)) == [("a", 1, 6), ("b", 14, 20)]
    assert list(children("[1, [] ]", 0)) == [(0, 1, 1), (1, 4, 4)]
    assert list(children("[ ]", 0)) == []


def test_every_json_value_knows_its_line_and_its_name(tmp_path: Path) -> None:
    text = '{\n "a": [1,\n  {"b": "}]\\"",\n   "c\\n": {}}],\n\n "d"\n:\n 2}'
    item = read_json(folder(tmp_path, text), "x")
    assert item is not None
    assert item.line == 1
    assert [at(item, *trail).line for trail in (["a"], ["a", 0], ["a", 1], ["a", 1, "b"], ["a", 1, "c\n"], ["d"])] == [
        2, 2, 3, 3, 4, 6,
    ]  # fmt: skip
    assert at(item, "a", 1, "b").name == "a[1].b"


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", Code.JSON, 1),
        ("{\n\n oops}", Code.JSON, 3),
        ('{"OU": {\n {"IMS": {"sourcedid": 12345, "source": SMS}}}}', Code.JSON, 2),
        ('{"a": 1,}', Code.JSON, 1),
        ('{"a": 1} {}', Code.JSON, 1),
        ('{"a": 1, "a": 2}', Code.JSON, None),
        ('{"a": NaN}', Code.JSON, None),
        ('{"a": -Infinity}', Code.JSON, None),
        ('{"a": 1e999}', Code.JSON, None),
        ('{"a": ' + "9" * 5000 + "}", Code.JSON, None),
        ('{\n"a": "\\u0000"}', Code.ENCODING, 2),
        ('{\n\n"a": ["\\ud800"]}', Code.ENCODING, 3),
        ('{"\\udfff": 1}', Code.ENCODING, 1),
        (b'{"a":\n "\xe9"}', Code.ENCODING, 2),
        ("[" * 66 + "]" * 66, Code.TOO_DEEP, 1),
        ("[" * 100_000, Code.TOO_DEEP, None),
    ],
)
def test_bad_json_is_told_with_its_line(tmp_path: Path, content: str | bytes, code: Code, line: int | None) -> None:
    it = folder(tmp_path, content)
    assert read_json(it, "x") is None
    assert errors(tuple(it.report.found)) == [(code, line)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood_with_an_advice(tmp_path: Path, encoding: str) -> None:
    it = folder(tmp_path, '{"a": "é"}'.encode(encoding))
    item = read_json(it, "x")
    assert item is not None
    assert item.value == {"a": "é"}
    assert [found.code for found in it.report.found] == [Code.ENCODING]


@pytest.mark.parametrize(
    "content",
    [
        "<a>é</a>".encode(),
        '<?xml version="1.0" encoding="utf-8"?>\n<a>é</a>'.encode(),
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<a>é</a>'.encode("latin-1"),
        "<?xml version='1.0' encoding='windows-1252'?><a>é</a>".encode("cp1252"),
        '<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode("utf-16"),
        "\ufeff<a>é</a>".encode(),
        b"<a>&#233;</a>",
    ],
)
def test_xml_is_read_in_the_encoding_that_it_declares(tmp_path: Path, content: bytes) -> None:
    root = read_xml(folder(tmp_path, content), "x")
    assert root is not None
    assert root.text == "é"


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", Code.XML, 1),
        ("<a>\n<b></a>", Code.XML, 2),
        ("<a/><b/>", Code.XML, 1),
        ("<a>&undefined;</a>", Code.XML, 1),
        ("<a>\x00</a>", Code.XML, 1),
        ("<a>" * 3000 + "</a>" * 3000, Code.XML, 1),
        ('<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE a>\n<a/>', Code.DOCTYPE, 3),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', Code.DOCTYPE, 1),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', Code.DOCTYPE, 1),
        ('<!DOCTYPE a [<!ENTITY x "x"><!ENTITY y "&x;&x;">]><a b="&y;"/>', Code.DOCTYPE, 1),
        ("\n\n<a>\xe9</a>".encode("latin-1"), Code.ENCODING, 3),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', Code.ENCODING, None),
        ('<?xml version="1.0" encoding="rot13"?><a/>', Code.ENCODING, None),
        ('<?xml version="1.0" encoding="martian"?><a/>', Code.ENCODING, None),
    ],
)
def test_bad_xml_is_told_with_its_line(tmp_path: Path, content: str | bytes, code: Code, line: int | None) -> None:
    it = folder(tmp_path, content)
    assert read_xml(it, "x") is None
    assert errors(tuple(it.report.found)) == [(code, line)]


def test_a_doctype_in_a_comment_or_text_is_none(tmp_path: Path) -> None:
    root = read_xml(folder(tmp_path, "<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE a>]]></a>"), "x")
    assert root is not None


def test_many_comments_take_no_long_time(tmp_path: Path) -> None:
    content = "<!-- x -->" * 50_000 + "<a/>"
    before = time.process_time()
    assert read_xml(folder(tmp_path, content), "x") is not None
    assert time.process_time() - before < 2
