"""Who refers to what in a version: assets and blocks with those that use them, links to nothing, unused assets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edx.olx import Assets, Course, File, Key
from resolvers.content.links import Kind, Link, links_in, links_of

TEXTS = (".html", ".css", ".json", ".xml", ".js")
MOST_BYTES = 2 << 20
"""Bytes of a file that is looked through."""

Place = str
"""Where a link stands: a block as `type/url_name`, or the path of a file."""


@dataclass(frozen=True)
class References:
    """The links of a version. Users are by the path of an asset or the key of a block, `broken` lead to nothing."""

    assets: Mapping[str, Sequence[Place]]
    blocks: Mapping[Key, Sequence[Place]]
    broken: Sequence[tuple[Place, Link]]
    unused: Sequence[str]


def references_of(course: Course) -> References:
    """All links of a course, which is looked through. Reads pages, so it is for a thread."""
    assets = Assets(course.assets)
    named: dict[str, list[Key]] = defaultdict(list)
    for block in course.root.walk():
        named[block.url_name].append(block.key)
    of_assets: dict[str, dict[Place, None]] = defaultdict(dict)
    of_blocks: dict[Key, dict[Place, None]] = defaultdict(dict)
    broken: dict[tuple[Place, Link], None] = {}
    for place, link in _links(course):
        asset = assets.find(link.name) if link.kind is Kind.ASSET else None
        keys = [key for key in named[link.name] if link.type in ("", key.type)] if link.kind is Kind.BLOCK else []
        if asset:
            of_assets[asset.file.path][place] = None
        for key in keys:
            of_blocks[key][place] = None
        if not (asset or keys):
            broken[place, link] = None
    unused = [asset.file.path for asset in course.assets if asset.file.path not in of_assets]
    return References(
        {path: tuple(places) for path, places in of_assets.items()},
        {key: tuple(places) for key, places in of_blocks.items()},
        tuple(broken),
        tuple(unused),
    )


def _links(course: Course) -> Iterator[tuple[Place, Link]]:
    for block in course.root.walk():
        for link in links_of(block, block.body.blob.read() if block.body else None):
            yield str(block.key), link
        for name in ("course_image", "banner_image"):
            value = course.policy_of(block.key).get(name)
            if isinstance(value, str) and value:
                yield str(block.key), Link(Kind.ASSET, value)
    for file in _texts(course):
        for link in links_in(file.blob.read().decode(errors="replace")):
            yield file.path, link


def _texts(course: Course) -> Iterator[File]:
    """The files besides blocks that may have links: pages of the course, and style sheets."""
    for group in (course.about, course.info, course.tabs):
        yield from group
    for asset in course.assets:
        if asset.file.path.endswith(TEXTS) and asset.file.blob.size <= MOST_BYTES:
            yield asset.file
