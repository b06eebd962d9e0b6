"""Names of directories: which ones can be used, which two conflict, and the identifiers made of them.

Identifiers come from the path alone and never from what a file says (spec/course-directories.rst, "Courses Directory").
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache

__all__ = ["bundle_ntiid", "clashes", "entry_ntiid", "fold", "is_ntiid", "node_ntiid", "oddity", "refusal", "specific"]

TAG = "tag:nextthought.com,20"
PREFIX = f"{TAG}11-10"
PARTS = 3
"""Parts of an identifier between colons, and between dashes in its last part."""
SECTION_PART = "SubInstances"
"""What stands in identifiers in place of the directory's name `Sections`."""

UNSAFE = re.compile(r"[^A-Za-z0-9]")
ALPHANUMERIC = re.compile(r"[A-Za-z0-9]")
FORBIDDEN = re.compile(r"[/\";=?<>#%'{}|^\[\]]")


@lru_cache(4096)
def fold(name: str) -> str:
    """The same text for all names that conflict: case, spaces and special characters are ignored.

    `CLC 3403`, `clc-3403` and `C.L.C 3403` are all `clc3403` (spec/course-directories.rst, "Courses Directory").
    Composed and decomposed forms of a letter fold alike.
    """
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


def clashes(names: Iterable[str], key: Callable[[str], str] = fold) -> dict[str, str]:
    """For each name that conflicts with another one, the first other one; those with an empty key do not."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        alike[key(name)].append(name)
    groups = [same for folded, same in alike.items() if folded and len(same) > 1]
    return {name: same[1] if name == same[0] else same[0] for same in groups for name in same}


def refusal(name: str) -> str | None:
    """Why a directory of this name cannot be used; None if it can."""
    if any("\ud800" <= char <= "\udfff" for char in name):
        return "the name is not UTF-8"
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in name):
        return "the name has control characters in it"
    if not ALPHANUMERIC.search(name):
        return "the name has none of A-Z, a-z and 0-9 in it, of which identifiers are made"
    return None


def oddity(name: str) -> str | None:
    """What is unwise about a name that can be used; None if nothing is."""
    if name != name.strip() or name.endswith("."):
        return "the name starts or ends with a space, or ends with a dot: some file systems drop that"
    if not unicodedata.is_normalized("NFC", name):
        return "the name is not in Unicode's composed form (NFC): other systems may spell it differently"
    return None


def specific(parts: Iterable[str]) -> str:
    """The part of an identifier that names a path: `("Spring2014", "CLC 3403")` is `Spring2014_CLC_3403`.

    Characters outside ASCII vanish and every other special character is `_`, so different paths can share one
    (`CLC 3403` and `CLC/3403`): see `clashes`.
    """
    return UNSAFE.sub("_", "/".join(parts).encode("ascii", "ignore").decode())


def entry_ntiid(parts: Iterable[str]) -> str:
    """The identifier of a catalog entry; a section's parts have `SubInstances` before its own name."""
    return f"{PREFIX}:NTI-CourseInfo-{specific(parts)}"


def bundle_ntiid(parts: Iterable[str]) -> str:
    """The identifier of a course's content bundle, in place of the one in its file, which is ignored."""
    return f"{PREFIX}:NTI-Bundle:CourseBundle-{specific(parts)}"


def node_ntiid(parts: Iterable[str], position: Iterable[int]) -> str:
    """The identifier of an outline node by its position, as (3, 0) for the first lesson of the fourth unit."""
    return f"{PREFIX}:NTI-NTICourseOutlineNode-{'.'.join([specific(parts), *map(str, position)])}"


def is_ntiid(text: str) -> bool:
    """Whether a text can be an identifier: `tag:nextthought.com,20…:` and a part that has at most two dashes."""
    parts = text.split(":", 2)
    return text.startswith(TAG) and not FORBIDDEN.search(text) and len(parts) == PARTS and parts[-1].count("-") < PARTS
