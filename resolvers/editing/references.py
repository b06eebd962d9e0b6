"""What refers to blocks and assets: experiments, conditionals, links, exams (M7, D4), found before they are gone."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson

from edx.olx import Assets, Block, Key
from resolvers.content.links import Kind, Link, links_in, links_of
from resolvers.editing.tree import Tree

SIGNS = "block-v1:|i4x://|jump_to_id|/static/|asset-v1:|/c4x/"
SIGN, SIGN_IN_TEXT, SHORTEST = re.compile(SIGNS.encode()), re.compile(SIGNS), 6
SPECIAL = frozenset({"course", "library", "video"})
MOST = 50_000


class References:
    """Finds links. Those of pages, which never change under their digest, are kept, within bounds."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[Link, ...]] = {}

    def links(self, block: Block) -> Iterator[Link]:
        """The links of a block, of itself and not of those below. Reads its page at the first time."""
        if block.type in SPECIAL or _may_link(block):  # most of a large course say nothing of others
            yield from links_of(block, None)
        if block.body:
            yield from self._of_page(block.body.blob)

    def _of_page(self, blob: Any) -> tuple[Link, ...]:
        found = self._pages.get(blob.digest)
        if found is None:
            if len(self._pages) >= MOST:
                self._pages.clear()
            found = tuple(links_in(blob.read().decode(errors="replace")))
            self._pages[blob.digest] = found
        return found

    def to_blocks(self, tree: Tree, policies: Mapping[str, Any], gone: Collection[Key]) -> list[tuple[Key, list[Key]]]:
        """Blocks that refer to some that are gone, with those."""
        if not gone:
            return []
        left = {key.name for key in tree.blocks}
        names = {key.name: key for key in gone if key.name not in left}
        keys = set(gone)

        def meant(link: Link) -> Key | None:
            key = Key(link.type, link.name) if link.type else names.get(link.name)
            return key if link.kind is Kind.BLOCK and key in keys else None

        return list(self._found(tree, policies, meant))

    def to_asset(self, tree: Tree, policies: Mapping[str, Any], assets: Assets, key: str) -> list[Key]:
        """Blocks that refer to an asset."""

        def meant(link: Link) -> Key | None:
            asset = assets.find(link.name) if link.kind is Kind.ASSET else None
            return Key("asset", key) if asset is not None and asset.key == key else None

        return [source for source, _ in self._found(tree, policies, meant)]

    def _found(self, tree: Tree, policies: Mapping[str, Any], meant: Any) -> Iterator[tuple[Key, list[Key]]]:
        by_key = {Key(*name.partition("/")[::2]): policy for name, policy in policies.items()}
        for key, block in tree.blocks.items():
            links: Iterable[Link] = self.links(block)
            if policy := by_key.get(key):
                links = [*links, *links_in(orjson.dumps(policy).decode())]
            if found := {target for link in links if (target := meant(link)) is not None}:
                yield key, sorted(found)


def _may_link(block: Block) -> bool:
    return SIGN.search(block.markup) is not None or any(
        SIGN_IN_TEXT.search(value) for _, value in block.settings if len(value) >= SHORTEST
    )
