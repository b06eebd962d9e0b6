"""What content refers to: assets by the names that links give them, and blocks (notes on OLX, "Static assets").

Links stand in pages, in the markup of blocks and in settings, also in the JSON of some; they are found as text.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote

import orjson

from edx.olx import Block

STATIC = re.compile(r"""(?<![\w.])/static/([^"'&)<>\\\s]+(?: [^"'&)<>\\\s/]+)*)""")
ASSET = re.compile(r"""asset-v1:[^"'&)<>\\\s]+?[+@]asset[+@](?:block@)?([^"'&)<>\\\s?#]+)""")
OLD_ASSET = re.compile(r"""(?<![\w.])/c4x/[^/"'\s]+/[^/"'\s]+/asset/([^"'&)<>\\\s?#]+)""")
JUMP = re.compile(r"""/jump_to_id/([^"'&)<>\\\s?#/]+)""")
BLOCK = re.compile(r"""block-v1:[^"'&)<>\\\s@]+\+type@([\w\-~.:]+)(?:\+|@)block@([\w\-~.:]+)""")
OLD_BLOCK = re.compile(r"""i4x://[^/"'\s]+/[^/"'\s]+/([\w\-~.:]+)/([\w\-~.:%]+)""")
TRANSCRIPT = re.compile(r"""<transcript\b[^>]*?\bsrc\s*=\s*["']([^"']+)["']""")
SCRIPT = re.compile(r"<script\b[^>]*(?:python|perl)", re.IGNORECASE)
LIBRARY = "python_lib.zip"
"""The asset that scripts of problems can import from."""
IMAGES = frozenset({"course_image", "banner_image", "video_thumbnail_image"})
"""Settings that are the bare name of an asset."""


class Kind(StrEnum):
    """What a link leads to."""

    ASSET = "asset"
    BLOCK = "block"


class Link(NamedTuple):
    """A reference: the name of an asset, or a block by type and name; the type is empty where the link gives none."""

    kind: Kind
    name: str
    type: str = ""


def links_in(text: str) -> Iterator[Link]:
    """The links in a text, in no order; one that is there twice comes twice."""
    for match in STATIC.finditer(text):
        if name := match[1].partition("?")[0].partition("#")[0]:
            yield Link(Kind.ASSET, name)
    for pattern in (ASSET, OLD_ASSET):
        yield from (Link(Kind.ASSET, match[1]) for match in pattern.finditer(text))
    yield from (Link(Kind.BLOCK, unquote(match[1])) for match in JUMP.finditer(text))
    for pattern in (BLOCK, OLD_BLOCK):
        yield from (Link(Kind.BLOCK, match[2], match[1]) for match in pattern.finditer(text))


def links_of(block: Block, page: bytes | None) -> list[Link]:
    """The links of a block, of itself and not of those below; `page` is the body of an html block."""
    markup = block.markup.decode(errors="replace")
    texts = [value for _, value in block.settings]
    texts += [unescape(markup) if "&quot;" in markup or "&#34;" in markup else markup]
    if page is not None:
        texts.append(page.decode(errors="replace"))
    found = [link for text in texts for link in links_in(text)]
    found += [Link(Kind.ASSET, value) for name, value in block.settings if name in IMAGES and value]
    if block.type == "video":
        found += [Link(Kind.ASSET, name) for name in subtitles_of(block, markup)]
    return found


def may_need_library(block: Block) -> bool:
    """Whether a script in a block may use the course's own Python library, of which no link tells."""
    return SCRIPT.search(block.markup.decode(errors="replace")) is not None


def subtitles_of(block: Block, markup: str) -> Iterable[str]:
    """The files that a video's subtitles are in."""
    found = set(TRANSCRIPT.findall(markup))
    try:
        listed = orjson.loads(block.get("transcripts") or "{}")
    except orjson.JSONDecodeError:
        listed = {}
    if isinstance(listed, dict):
        found.update(name for name in listed.values() if isinstance(name, str) and name)
    if sub := block.get("sub"):
        found.add(f"subs_{sub}.srt.sjson")
    return sorted(found)
