"""Names of blocks: as written, or made up where none is, so that the same content always gets the same name."""

import re
from hashlib import sha1

from edx.olx.markup import Attributes, Element
from edx.olx.paths import UNPRINTABLE
from edx.olx.problems import Key

UNCLEAN = re.compile(r"[^\w.%-]")
UNDERSCORES = re.compile("__+")
FOREIGN = re.compile(r"[^\w\-~.:%]")
MAX_NAME = 255
DIGITS = 12


def name_of(element: Element, data: bytes) -> tuple[str, bool]:
    """The name of a block that is defined in place, and whether we made it up.

    As Open edX does: `url_name`, else `slug`, else `name` or `display_name` made clean, else the type and a hash of
    the element's bytes.
    """
    if url_name := element.get("url_name") or element.get("slug"):
        return url_name, False
    if title := element.get("name") or element.get("display_name"):
        return clean(title), True
    return f"{element.tag}_{hash_of(element, data)}", True


def hash_of(element: Element, data: bytes) -> str:
    """A short hash of an element's bytes."""
    return sha1(data[element.start : element.end], usedforsecurity=False).hexdigest()[:DIGITS]


def clean(text: str) -> str:
    """A text with every run of characters that cannot stand in a name as one underscore."""
    return UNDERSCORES.sub("_", clean_asset(text))[:MAX_NAME]


def clean_asset(text: str) -> str:
    """The same for the names of assets, where repeated underscores stay: some stand in ids of videos."""
    return UNCLEAN.sub("_", text)


def file_of(key: Key, pointer: Attributes) -> str:
    """The path of the definition file: a colon in the name is a folder; files of 2012 give `filename` in the tag."""
    stem = dict(pointer).get("filename") or key.name.replace(":", "/")
    return f"{key.type}/{stem}.xml"


def unusable(name: str) -> str:
    """Why a name cannot be taken at all; nothing if it can."""
    if not name:
        return "it is empty"
    if len(name) > MAX_NAME:
        return f"it has {len(name)} characters, {MAX_NAME} are allowed"
    if UNPRINTABLE.search(name):
        return "it contains a control character"
    if "\\" in name or any(part in {"", ".", ".."} for part in re.split("[/:]", name)):
        return "it would lead out of its folder"
    return ""


def foreign_in(name: str) -> str:
    """The first character that cannot stand in a key of Open edX; nothing if all can."""
    found = FOREIGN.search(name)
    return found[0] if found else ""
