"""How nodes are written: every part with its type and its length, so that no two values have one encoding.

A value is None, an integer, a text, bytes, a link, or a tuple of values. Each is a letter for its type, the length of
what follows as four bytes, and what follows. `a="b c"` and two children can so never be taken for each other.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from db.store.errors import Corrupted

DIGITS = 64
"""Hexadecimal digits of a digest."""
LENGTH = 4
HEAD = 1 + LENGTH
DIGEST = 32
NONE, INTEGER, TEXT, BYTES, LIST, NODE, BLOB = b"NITBLCF"


class NodeLink(NamedTuple):
    """Another node, by its digest."""

    digest: str


class BlobLink(NamedTuple):
    """A blob, by its digest, and its size in bytes."""

    digest: str
    size: int


Value: TypeAlias = "int | str | bytes | NodeLink | BlobLink | tuple[Value, ...] | None"
"""What a node can hold."""


def digest_of(data: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits in lower case."""
    return sha256(data).hexdigest()


def encode(value: Value) -> bytes:
    """The bytes of a value: equal values have equal bytes, different ones different bytes."""
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


def _write(value: Value, parts: list[bytes]) -> None:
    match value:
        case None:
            kind, data = NONE, b""
        case int():
            kind, data = INTEGER, value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True)
        case str():
            kind, data = TEXT, value.encode("utf-8", "surrogatepass")
        case bytes():
            kind, data = BYTES, value
        case NodeLink():
            kind, data = NODE, bytes.fromhex(value.digest)
        case BlobLink():
            kind, data = BLOB, bytes.fromhex(value.digest) + value.size.to_bytes(8, "big")
        case _:
            inner: list[bytes] = []
            for item in value:
                _write(item, inner)
            kind, data = LIST, b"".join(inner)
    parts.append(bytes((kind,)) + len(data).to_bytes(LENGTH, "big"))
    parts.append(data)


def decode(data: bytes) -> Value:
    """The value that has these bytes. Raises ValueError for bytes that are none's."""
    value, end = _read(data, 0, len(data))
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes are left over")
    return value


def _read(data: bytes, start: int, limit: int) -> tuple[Value, int]:
    begin = start + HEAD
    end = begin + int.from_bytes(data[start + 1 : begin], "big")
    if begin > limit or end > limit:
        raise ValueError(f"a value at byte {start} is cut off")
    kind = data[start]
    if kind == LIST:
        items = []
        while begin < end:
            item, begin = _read(data, begin, end)
            items.append(item)
        return tuple(items), end
    return _leaf(kind, data[begin:end]), end


def _leaf(kind: int, data: bytes) -> Value:
    if kind == TEXT:
        return data.decode("utf-8", "surrogatepass")
    if kind == BYTES:
        return data
    if kind == BLOB and len(data) == DIGEST + 8:
        return BlobLink(data[:DIGEST].hex(), int.from_bytes(data[DIGEST:], "big"))
    if kind == NODE and len(data) == DIGEST:
        return NodeLink(data.hex())
    if kind == INTEGER and data:
        return int.from_bytes(data, "big", signed=True)
    if kind == NONE and not data:
        return None
    raise ValueError(f"there is no value of the type {chr(kind)!r} with {len(data)} bytes")


def decoded(digest: str, data: bytes) -> Value:
    """The value of a stored node. Raises Corrupted unless the bytes are those that have the digest."""
    if digest_of(data) != digest:
        raise Corrupted(digest, "the stored node has other bytes")
    try:
        return decode(data)
    except ValueError as error:
        raise Corrupted(digest, f"the stored node cannot be read: {error}") from None


def links_of(value: Value) -> Iterator[NodeLink | BlobLink]:
    """All links in a value, in their order; one that stands there twice comes twice."""
    if isinstance(value, NodeLink | BlobLink):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from links_of(item)
