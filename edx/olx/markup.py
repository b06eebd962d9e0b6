"""XML as an index over its own bytes: elements know where they start and end, so nothing has to be written back.

Expat rather than lxml, because it tells the line, column and byte of every element.
"""

import re
from dataclasses import dataclass, field
from sys import intern
from xml.parsers.expat import ErrorString, ExpatError, ParserCreate

from edx.olx.problems import Code, Place

MAX_DEPTH = 256
MAX_ATTRIBUTES = 1000
MAX_ELEMENTS = 250_000
MAX_BYTES = 32 << 20
"""Bytes in one XML file; the largest real ones have some hundred thousand."""

BOM = b"\xef\xbb\xbf"
START_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([^"']*)["']""")
UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
SEPARATOR = " "

Attributes = tuple[tuple[str, str], ...]
"""Names and values in the order in which they are written; names keep their prefixes."""


class MarkupError(Exception):
    """A file that cannot be read as XML, or will not be."""

    def __init__(self, code: Code, message: str, place: Place, hint: str = "") -> None:
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint
        super().__init__(f"{place}: {message}")


@dataclass(slots=True, eq=False)
class Element:
    """An element and where it stands.

    `start` to `end` are its bytes in the file, `inside` to `outside` those between its tags. `has_text` is about text
    of its own that is not blank, `has_notes` about comments and instructions.
    """

    tag: str
    namespace: str
    attributes: Attributes
    place: Place
    start: int
    inside: int
    outside: int = 0
    end: int = 0
    children: list["Element"] = field(default_factory=list)
    has_text: bool = False
    has_notes: bool = False

    def get(self, name: str) -> str | None:
        """The value of an attribute."""
        return next((value for key, value in self.attributes if key == name), None)


def parse_markup(data: bytes, path: str) -> Element:
    """The root element of an XML file; raises `MarkupError` with line and column.

    Refused besides what is not well-formed: any document type declaration (entities could read files or fill the
    memory), any coding but UTF-8, more than 256 levels.
    """
    check_coding(data, path)
    return Reader(data, path).read()


def check_coding(data: bytes, path: str) -> None:
    """Refuse what is not UTF-8, or says that it is not, or is too large."""
    if len(data) > MAX_BYTES:
        raise MarkupError(Code.TOO_LARGE, f"an XML file may have {MAX_BYTES >> 20} MiB at most", Place(path))
    declared = DECLARED.match(data.removeprefix(BOM))
    if declared and declared[1].decode(errors="replace").lower() not in UTF8:
        name = declared[1].decode(errors="replace")
        raise MarkupError(Code.ENCODING, f"the file is declared to be {name!r}; only UTF-8 is read", Place(path, 1, 1))
    try:
        data.decode()
    except UnicodeDecodeError as error:
        place = place_of(data, error.start, path)
        message = f"byte {error.start + 1} of the file is not UTF-8: {data[error.start : error.start + 1].hex()}"
        raise MarkupError(Code.ENCODING, message, place) from None


def place_of(data: bytes, at: int, path: str) -> Place:
    """The line and column of a byte; what stands before it must be UTF-8."""
    before = data[:at]
    return Place(path, before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1)


class Reader:
    """Reads one file."""

    def __init__(self, data: bytes, path: str) -> None:
        self.data = data
        self.path = path
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.namespaces: list[tuple[str, str]] = []
        self.parser = ParserCreate("utf-8", SEPARATOR)
        self.parser.buffer_text = True
        self.parser.ordered_attributes = True
        self.parser.namespace_prefixes = True
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartNamespaceDeclHandler = self.namespace
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.CommentHandler = self.note
        self.parser.ProcessingInstructionHandler = self.note

    def read(self) -> Element:
        """The root element."""
        try:
            self.parser.Parse(self.data, True)  # noqa: FBT003 - its only signature: this is the last piece
        except ExpatError as error:
            raise self.syntax_error(error) from None
        finally:
            del self.parser  # it holds this reader, and so the whole tree
        assert self.root is not None  # noqa: S101 -- expat refuses a file without an element
        return self.root

    def syntax_error(self, error: ExpatError) -> MarkupError:
        """The error with its place, and the element that is open there."""
        place = Place(self.path, error.lineno, error.offset + 1)
        message = f"the XML is not well-formed: {ErrorString(error.code)}"
        hint = f"<{self.open[-1].tag}> of line {self.open[-1].place.line} is open here" if self.open else ""
        return MarkupError(Code.SYNTAX, message, place, hint)

    def here(self) -> Place:
        """Where the parser stands."""
        return Place(self.path, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def doctype(self, *_: object) -> None:
        """Refuse the declaration before anything in it is read."""
        at = self.data.rfind(b"<!DOCTYPE", 0, self.parser.CurrentByteIndex)
        place = place_of(self.data, at, self.path)
        raise MarkupError(Code.DOCTYPE, "a document type declaration (DOCTYPE) is not accepted", place)

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        """Keep a declaration for the element that it stands in."""
        self.namespaces.append((f"xmlns:{prefix}" if prefix else "xmlns", uri or ""))

    def start(self, name: str, listed: list[str]) -> None:
        """Open an element."""
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise MarkupError(Code.TOO_LARGE, f"the file has more than {MAX_ELEMENTS} elements", self.here())
        if len(self.open) >= MAX_DEPTH:
            raise MarkupError(Code.TOO_DEEP, f"elements are nested deeper than {MAX_DEPTH} levels", self.here())
        if len(listed) > 2 * MAX_ATTRIBUTES:
            raise MarkupError(Code.TOO_LARGE, f"an element has more than {MAX_ATTRIBUTES} attributes", self.here())
        named = zip(listed[::2], listed[1::2], strict=True)
        attributes = (*self.namespaces, *((written(key)[0], value) for key, value in named))
        self.namespaces = []
        tag, namespace = written(name)
        at = self.parser.CurrentByteIndex
        tag_end = START_TAG.match(self.data, at)
        inside = tag_end.end() if tag_end else at
        element = Element(tag, namespace, attributes, self.here(), at, inside)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _: str) -> None:
        """Close the element that is open."""
        element = self.open.pop()
        if self.data.startswith(b"/>", element.inside - 2):
            element.outside = element.end = element.inside
        else:
            element.outside = self.parser.CurrentByteIndex
            element.end = self.data.index(b">", element.outside) + 1

    def text(self, text: str) -> None:
        """Remember text that is not blank."""
        if self.open and not text.isspace():
            self.open[-1].has_text = True

    def note(self, *_: object) -> None:
        """Remember a comment or an instruction."""
        if self.open:
            self.open[-1].has_notes = True


def written(name: str) -> tuple[str, str]:
    """A name as written, and its namespace, from the parser's `uri local prefix`."""
    match name.split(SEPARATOR):
        case [uri, local, prefix]:
            return f"{prefix}:{local}", uri
        case [uri, local]:
            return intern(local), uri
        case _:
            return intern(name), ""  # there are few names, and many attributes of each
