"""Names of new blocks: made up where none is given, changed where another block has them, compared where both may be.

Made-up names follow from the content, so that a dry run and the real one have the same version.
"""

from collections.abc import Container
from dataclasses import replace
from hashlib import sha256

from edx.olx import Block, File, Key
from resolvers.content.nodes import FILENAME, stem_of, usual_body

DIGITS = 32


def invented(kind: str, parent: Key, data: bytes, taken: Container[Key]) -> str:
    """A free name for a block that was sent without one, in the form in which Studio makes them."""
    for number in range(1 << 30):
        name = sha256(b"%s\0%d\0%s" % (str(parent).encode(), number, data)).hexdigest()[:DIGITS]
        if Key(kind, name) not in taken:
            return name
    raise AssertionError("there are more names than blocks")


def free(key: Key, taken: Container[Key]) -> Key:
    """The name with the first number that makes it free, such as `intro_2`."""
    number = 2
    while (found := Key(key.type, f"{key.name}_{number}")) in taken:
        number += 1
    return found


def renamed(block: Block, name: str) -> Block:
    """The same block under another name; the files that are named after it follow."""
    key, body = Key(block.type, name), block.body
    settings = block.settings
    if body and block.get(FILENAME) is not None:
        settings = tuple((each, stem_of(name) if each == FILENAME else value) for each, value in settings)
        body = File(usual_body(key), body.blob)
    pointer = block.pointer if block.is_inline else ()
    return replace(
        block, url_name=name, settings=settings, body=body, pointer=pointer, source=None, name_is_synthetic=False
    )


def is_same(one: Block, other: Block) -> bool:
    """Whether two blocks are the same to learners: whatever their names, files and the order of their settings.

    A pointer without a definition stands for whatever has its name.
    """
    if one.is_missing or other.is_missing:
        return one.type == other.type
    return (
        (one.type, one.markup, _meaning(one)) == (other.type, other.markup, _meaning(other))
        and len(one.children) == len(other.children)
        and all(
            mine.url_name == theirs.url_name and is_same(mine, theirs)
            for mine, theirs in zip(one.children, other.children, strict=True)
        )
    )


def _meaning(block: Block) -> tuple[object, ...]:
    settings = dict(block.settings) | dict(block.pointer or ())
    settings.pop(FILENAME, None)
    return settings, block.body.blob.digest if block.body else None
