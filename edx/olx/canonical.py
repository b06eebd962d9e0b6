"""Blocks as XML in one canonical form: for files of edited blocks, and to see whether a block was edited."""

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from xml.parsers.expat import ExpatError, ParserCreate

from edx.olx.kinds import CONTAINERS, FILED
from edx.olx.markup import Attributes, MarkupError, parse_markup
from edx.olx.model import Block, Course
from edx.olx.names import file_of, unusable
from edx.olx.paths import danger_of

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)
INDENT = b"  "
DEFINED_HERE = b"<!-- defined here -->"
"""What stands in an empty inline block, which would be taken for a pointer without it."""


class UnwritableBlock(ValueError):
    """A block that no file can hold: a name or value that XML has no place for, or markup that is not well-formed."""


def serialize(block: Block, lead: Attributes = ()) -> bytes:
    """The definition file of a block, deterministic: equal blocks give equal bytes.

    Settings keep their order, after those of `lead`; children follow the markup, one a line; children that are defined
    inline come with all that is below them, their names written out, also names that were made up on reading.
    Raises `UnwritableBlock` for what would not read back.
    """
    check_block(block, lead)
    data = render(block, lead)
    try:
        parse_markup(data, str(block.key))
    except MarkupError as error:
        raise UnwritableBlock(f"{block.key} cannot be written: {error.message}") from None
    return data


def render(block: Block, lead: Attributes = (), depth: int = 0) -> bytes:
    """The same, unchecked; deeper than the root of a file, with the indentation of its lines."""
    start = opening(block.type, (*lead, *block.settings))
    if not block.children and block.type not in CONTAINERS:
        inner = block.markup
    else:
        below = b"\n" + INDENT * (depth + 1)
        parts = [block.markup] if block.markup else []
        parts += [child_of(child, depth + 1) for child in block.children]
        inner = b"".join(below + part for part in parts) + (b"\n" + INDENT * depth if parts else b"")
    if block.is_inline and block.type in FILED and not (block.settings or inner.strip()):
        inner = DEFINED_HERE
    element = b"<%s>%s</%s>" % (start, inner, block.type.encode()) if inner else b"<%s/>" % start
    return element if depth else element + b"\n"


def child_of(block: Block, depth: int) -> bytes:
    """The tag of a child in its parent's file: its whole definition, or a pointer."""
    if block.pointer is None:
        return render(block, (("url_name", block.url_name),), depth)
    return b"<%s/>" % opening(block.type, (("url_name", block.url_name), *block.pointer))


def opening(tag: str, attributes: Iterable[tuple[str, str]]) -> bytes:
    """What stands between `<` and `>` of a start tag."""
    return " ".join([tag, *(f'{name}="{value.translate(ESCAPES)}"' for name, value in attributes)]).encode()


def check_block(block: Block, lead: Attributes) -> None:
    """Refuse names and values that XML cannot hold, of a block and of all that its file says about blocks below."""
    if reason := unusable(block.url_name):
        raise UnwritableBlock(f"{block.url_name!r} cannot be the name of a block: {reason}")
    attributes = [*lead, *block.settings]
    for child in block.children:
        if child.pointer is None:
            check_block(child, (("url_name", child.url_name),))
        else:
            attributes += [("url_name", child.url_name), *child.pointer]
    for name in (block.type, *(child.type for child in block.children), *(name for name, _ in attributes)):
        if not is_name(name):
            raise UnwritableBlock(f"{name!r} cannot be the name of a tag or an attribute")
    for _, value in attributes:
        if FORBIDDEN.search(value):
            raise UnwritableBlock(f"{value!r} contains a character that XML cannot hold")


@lru_cache(maxsize=1024)
def is_name(text: str) -> bool:
    """Whether XML can have a tag or an attribute of this name; the parser is asked."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append((tag, attributes))
    try:
        parser.Parse(f"<{text}/>".encode(), True)  # noqa: FBT003 - its only signature: this is the last piece
    except (ExpatError, UnicodeEncodeError):
        return False
    return found == [(text, {})]


def digest_of(data: bytes) -> str:
    """A digest of a canonical form: equal whatever the blanks, comments and quotes of the file it was read from."""
    return sha256(data).hexdigest()


def path_of(block: Block) -> str:
    """Where the definition file of a block is, or belongs."""
    path = file_of(block.key, block.pointer or ())
    if reason := unusable(block.url_name) or danger_of(path):
        raise UnwritableBlock(f"{path!r} cannot be the name of a file: {reason}")
    return path


def lead_of(course: Course) -> Attributes:
    """The attributes that are the key of the course, in the order in which Open edX writes them."""
    return (("url_name", course.run), ("org", course.org), (course.kind, course.course))


def pointer_to(course: Course) -> bytes:
    """A `course.xml` that points to the root's own file."""
    return b"<%s/>\n" % opening(course.kind, lead_of(course))
