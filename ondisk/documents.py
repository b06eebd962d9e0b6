"""JSON and XML files as documents that know the line of everything in them.

JSON is read strictly (no duplicate keys, no NaN, nothing a database cannot store); XML without DOCTYPE and entities.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NoReturn

from lxml import etree

from ondisk.diagnostics import Code, Report
from ondisk.files import File, Folder

__all__ = ["Document", "Item", "Rejected", "read_json", "read_xml"]

MAX_DEPTH = 64
"""Levels in a JSON file."""
ENCODINGS = {"utf-8", "utf-8-sig", "utf-16", "ascii", "iso8859-1", "iso8859-15", "cp1252"}
"""What an XML file may declare, as Python calls it."""
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
DECLARATION = re.compile(rb"""\A\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
# Possessive, for otherwise many comments take time exponential in their number.
DOCTYPE = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
SPACE = re.compile(r"[ \t\n\r]*")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Rejected(ValueError):
    """A value that is not what the layout says."""

    def __init__(self, message: str, line: int | None, code: Code = Code.BAD_VALUE) -> None:
        super().__init__(message)
        self.line = line
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """A text file, and where its problems go."""

    path: PurePosixPath
    text: str
    report: Report


@dataclass(frozen=True, slots=True)
class Item:
    """A value in a JSON file, and the way to it from the top: keys and positions."""

    value: Any
    document: Document
    trail: tuple[str | int, ...] = ()

    @property
    def name(self) -> str:
        """The value's place for people, such as `instructors[0].name`; empty for the whole file."""
        parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.trail)
        return "".join(parts).removeprefix(".")

    @property
    def line(self) -> int:
        """The line of the value, or of its key, counted from 1."""
        return self.document.text.count("\n", 0, position(self.document.text, self.trail)) + 1

    def rejected(self, message: str, code: Code = Code.BAD_VALUE) -> Rejected:
        """The error to raise about this value."""
        return Rejected(f"{self.name}: {message}" if self.trail else message, self.line, code)

    def report(self, error: Rejected) -> None:
        """Tell the error, raised about this value or one in it, in the report of its file."""
        self.document.report.error(error.code, self.document.path, str(error), line=error.line)

    def warn(self, code: Code, message: str) -> None:
        """Warn about this value."""
        self.document.report.warning(code, self.document.path, f"{self.name}: {message}", line=self.line)

    def advise(self, code: Code, message: str) -> None:
        """Advise on this value."""
        self.document.report.advice(code, self.document.path, f"{self.name}: {message}", line=self.line)

    def members(self) -> dict[str, "Item"]:
        """What an object holds, by key; raises `Rejected` for anything else."""
        if not isinstance(self.value, dict):
            raise self.rejected(f"{noun(self.value)} in place of an object", Code.WRONG_TYPE)
        return {key: Item(value, self.document, (*self.trail, key)) for key, value in self.value.items()}

    def elements(self) -> list["Item"]:
        """What a list holds; raises `Rejected` for anything else."""
        if not isinstance(self.value, list):
            raise self.rejected(f"{noun(self.value)} in place of a list", Code.WRONG_TYPE)
        return [Item(value, self.document, (*self.trail, index)) for index, value in enumerate(self.value)]


def noun(value: Any) -> str:
    """The JSON type of a value in words."""
    kinds: dict[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def read_json(folder: Folder, name: str) -> Item | None:
    """A JSON file of a directory; None if it is absent, and None with errors if it is not good JSON."""
    if (file := folder.read(name)) is None or (text := decoded(file, folder.report, "utf-8")) is None:
        return None
    try:
        value = json.loads(text, object_pairs_hook=unambiguous, parse_constant=no_constant, parse_float=finite)
        check_storable(item := Item(value, Document(file.path, text, folder.report)))
    except json.JSONDecodeError as error:
        folder.report.error(Code.JSON, file.path, f"not JSON: {error.msg}, column {error.colno}", line=error.lineno)
    except RecursionError:
        folder.report.error(Code.TOO_DEEP, file.path, f"more than {MAX_DEPTH} levels")
    except Rejected as error:
        folder.report.error(error.code, file.path, str(error), line=error.line)
    except ValueError as error:
        folder.report.error(Code.JSON, file.path, f"not JSON that can be kept: {error}")
    else:
        return item
    return None


def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which no key is given twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return members


def no_constant(constant: str) -> NoReturn:
    """JSON has no NaN and no infinity."""
    raise ValueError(f"{constant} is not a JSON value")


def finite(text: str) -> float:
    """A number with a fraction or exponent."""
    if (number := float(text)) in {float("inf"), float("-inf")}:
        raise ValueError(f"the number {text} is too large")
    return number


def check_storable(whole: Item) -> None:
    """See that no text in a document has zero bytes or lone surrogates, and that the document is not too deep."""
    waiting = [whole]
    while waiting:
        item = waiting.pop()
        if len(item.trail) > MAX_DEPTH:
            raise Rejected(f"more than {MAX_DEPTH} levels", item.line, Code.TOO_DEEP)
        if isinstance(item.value, dict):
            for key in filter(UNSTORABLE.search, item.value):
                raise item.rejected(f"the key {key!r} has characters that are not text", Code.ENCODING)
            waiting.extend(item.members().values())
        elif isinstance(item.value, list):
            waiting.extend(item.elements())
        elif isinstance(item.value, str) and UNSTORABLE.search(item.value):
            raise item.rejected("there are characters that are not text", Code.ENCODING)


def position(text: str, trail: tuple[str | int, ...]) -> int:
    """Where a value stands in a JSON text that is known to be good: the index of its key or of itself."""
    here = start = skip(text, 0)
    for step in trail:
        start, here = next((key, value) for name, key, value in children(text, here) if name == step)
    return start


def children(text: str, start: int) -> Iterator[tuple[str | int, int, int]]:
    """The children of the object or list at an index: key or position, index of the key, index of the value."""
    decode = json.JSONDecoder().raw_decode
    index, count, is_object = skip(text, start + 1), 0, text[start] == "{"
    while text[index] not in "]}":
        key, name = index, count
        if is_object:
            name, index = decode(text, index)
            index = skip(text, skip(text, index) + 1)
        yield name, key, index
        _, index = decode(text, index)
        index, count = skip(text, index), count + 1
        if text[index] == ",":
            index = skip(text, index + 1)


def skip(text: str, index: int) -> int:
    """The index of the next character that is not white space."""
    return match.end() if (match := SPACE.match(text, index)) else index


def read_xml(folder: Folder, name: str) -> etree._Element | None:
    """The root element of an XML file of a directory; None if it is absent, and None with an error if it is bad."""
    if (file := folder.read(name)) is None:
        return None
    return parse_xml(file, folder.report)


def parse_xml(file: File, report: Report) -> etree._Element | None:
    """The root element of an XML file, or None with an error."""
    declared = DECLARATION.match(file.content)
    text = decoded(file, report, declared[1].decode() if declared else "utf-8")
    if text is None:
        return None
    if doctype := DOCTYPE.match(text):
        line = text.count("\n", 0, doctype.end()) + 1
        report.error(Code.DOCTYPE, file.path, "a DOCTYPE is not allowed", line=line)
        return None
    # The text is ours by now, whatever its declaration says.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8")
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        report.error(Code.XML, file.path, f"not well-formed XML: {error.msg}", line=error.lineno)
        return None


def decoded(file: File, report: Report, encoding: str) -> str | None:
    """The text of a file in its encoding, or None with an error; a byte-order mark goes before what is declared."""
    mark = next((mark for mark in BOMS if file.content.startswith(mark)), None)
    if mark:
        encoding = BOMS[mark]
        report.advice(Code.ENCODING, file.path, f"the file starts with a byte-order mark ({encoding})")
    try:
        if codecs.lookup(encoding).name in ENCODINGS:
            return file.content.decode(encoding)
        report.error(Code.ENCODING, file.path, f"the encoding {encoding} is not read here, use UTF-8")
    except LookupError:
        report.error(Code.ENCODING, file.path, f"the encoding {encoding} is not known, use UTF-8")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        report.error(Code.ENCODING, file.path, f"byte {error.start} is not {encoding}", line=line)
    return None
