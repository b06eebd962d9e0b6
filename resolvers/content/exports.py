"""Exporting: the files of a course, byte for byte, or of one block and all below it (spec/content-api.md, "Read")."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import IO, Any, BinaryIO, cast

import orjson

from db.engine import Database
from db.store import Author
from edx.olx import Assets, Block, Course, File, InMemory, Key, files, write
from edx.olx.export import files_below
from resolvers.content.links import LIBRARY, Kind, links_of, may_need_library
from resolvers.content.load import Loaded
from resolvers.usage import operation

MANIFEST = "collegium.json"
BLOCK = "block-v1:"
Writer = Callable[[Iterable[File], BinaryIO], object]
"""Writes files into an archive, as `write` and `write_zip` do."""
SORTED = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


class NoSuchBlock(LookupError):
    """The version has no block of this key, or none that is meant by a bare name."""


class AmbiguousBlock(NoSuchBlock):
    """The version has several blocks of this name."""


def find_block(course: Course, text: str, run: str | None = None) -> Block:
    """The block that `type/url_name`, a full key as in `key_in`, or a `url_name` alone means. Raises NoSuchBlock.

    A name alone is enough only where one block has it (E7): a unit and a component may share one.
    """
    key = key_in(text, run)
    found = [block for block in course.root.walk() if (block.key == key if key else block.url_name == text)]
    if not found:
        raise NoSuchBlock(f"there is no block {text!r}")
    if len(found) > 1:
        raise AmbiguousBlock(f"{text!r} may mean {' or '.join(sorted(str(block.key) for block in found))}")
    return found[0]


def key_in(text: str, run: str | None = None) -> Key | None:
    """The key that a text spells out: `type/url_name` or a full one; None for a name alone.

    Raises NoSuchBlock for a block of another run than `run`, if one is given: one of that name here may be any other.
    """
    own = BLOCK if run is None else f"{BLOCK}{run.removeprefix('course-v1:')}+"
    if text.startswith(BLOCK) and not text.casefold().startswith(own.casefold()):
        raise NoSuchBlock(f"{text!r} is a block of another run")
    kind, slash, name = text.partition("/")
    if text.startswith(BLOCK) and "+type@" in text and "+block@" in text:
        kind, _, name = text.rpartition("+type@")[2].partition("+block@")
        return Key(kind, name)
    return Key(kind, name) if slash and kind else None


def files_of(loaded: Loaded, key: Key | None = None) -> list[File]:
    """The files of a version in the order of their paths: of all of it, or of one block's subtree. Reads pages.

    Raises KeyError for a block that is not there, and UnwritableBlock.
    """
    course = loaded.course
    if key is None:
        return list(files(course))
    block = loaded.content.blocks[key]
    found = {file.path: file for file in _subtree(course, block)}
    found[MANIFEST] = File(MANIFEST, InMemory.of(manifest(loaded, block)))
    return [replace(found[path], path=course.folder + path) for path in sorted(found)]


def export(loaded: Loaded, target: IO[bytes], key: Key | None = None, writer: Writer = write) -> int:
    """Write an archive of them; the number of files. The same content gives the same bytes. Blocks the thread."""
    found = files_of(loaded, key)
    writer(found, cast(BinaryIO, target))
    return len(found)


async def export_course(
    database: Database,
    loaded: Loaded,
    target: IO[bytes],
    key: Key | None = None,
    *,
    author: Author,
    writer: Writer = write,
) -> int:
    """The same for somebody, in a thread, and counted."""
    with operation(database, "exportCourse", author, loaded.head.run_id) as seen:
        root = loaded.course.root if key is None else loaded.content.blocks[key]
        seen.touched(block.type for block in root.walk())
        return await asyncio.to_thread(export, loaded, target, key, writer)


def manifest(loaded: Loaded, block: Block) -> bytes:
    """What a subtree was cut out of: its root, the version, and the hash of the subtree (E2)."""
    told = {
        "type": block.type,
        "url_name": block.url_name,
        "version": loaded.version,
        "subtree": loaded.content.digests[block.key],
    }
    return orjson.dumps(told, option=SORTED) + b"\n"


def _subtree(course: Course, block: Block) -> Iterator[File]:
    """The files of a block and all below it: definitions, pages, the policies about them, and what they refer to."""
    root = replace(block, pointer=(), source=None) if block.is_inline else block
    yield from files_below(root)
    if policy := _policies(course, block):
        yield File(f"policies/{course.run}/policy.json", InMemory.of(policy))
    assets = {asset.file.path: asset for asset in _assets(course, block)}
    yield from (asset.file for asset in assets.values())
    entries = {asset.key: dict(asset.entry) for asset in assets.values() if asset.entry is not None}
    if entries:
        yield File("policies/assets.json", InMemory.of(orjson.dumps(entries, option=SORTED) + b"\n"))


def _policies(course: Course, block: Block) -> bytes | None:
    found: dict[str, Any] = {str(each.key): dict(course.policy_of(each.key)) for each in block.walk()}
    found = {key: settings for key, settings in found.items() if settings}
    return orjson.dumps(found, option=SORTED) + b"\n" if found else None


def _assets(course: Course, block: Block) -> Iterator[Any]:
    """The assets that a block and those below it refer to."""
    assets = Assets(course.assets)
    for each in block.walk():
        for link in links_of(each, each.body.blob.read() if each.body else None):
            if link.kind is Kind.ASSET and (asset := assets.find(link.name)):
                yield asset
        if may_need_library(each) and (library := assets.find(LIBRARY)):
            yield library
