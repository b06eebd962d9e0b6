"""Paths inside archives: which are safe, which clash, and which are junk.

A path is judged by its parts and never by a prefix: `../abcd` is outside of `/abc`, whatever they begin with.
"""

import re
import unicodedata

from edx.olx.problems import Code, Findings

MAX_PART = 255
"""Bytes in one part of a path: what file systems can hold."""
MAX_PATH = 1024
"""Bytes in a whole path."""
MAX_PARTS = 32

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")
DRIVE = re.compile(r"[A-Za-z]:(/|$)")
JUNK_FOLDERS = {".git", ".hg", ".svn", "__MACOSX"}
JUNK_FILES = re.compile(r"\._.*|\.DS_Store|.*~")


def parts_of(name: str) -> list[str]:
    """The parts of a path as an archive writes it: `./course//a.xml` has two."""
    return [part for part in name.split("/") if part not in {"", "."}]


def danger_of(name: str) -> str:
    """Why a path as an archive writes it may not be used; nothing if it may."""
    parts = parts_of(name)
    sizes = [len(part.encode(errors="surrogatepass")) for part in parts]
    dangers = {
        "it is absolute": name.startswith("/") or DRIVE.match(name),
        "it leads upwards": ".." in parts,
        "it contains a control character": UNPRINTABLE.search(name),
        "it contains a backslash": "\\" in name,
        "it is not UTF-8": SURROGATE.search(name),
        f"one of its parts is longer than {MAX_PART} bytes": max(sizes, default=0) > MAX_PART,
        f"it is longer than {MAX_PATH} bytes or {MAX_PARTS} parts": (
            sum(sizes) + len(sizes) > MAX_PATH or len(parts) > MAX_PARTS
        ),
    }
    return next((danger for danger, found in dangers.items() if found), "")


def is_junk(path: str) -> bool:
    """Whether a file belongs to a desktop, an editor or a version control system rather than to a course."""
    parts = path.split("/")
    return bool(JUNK_FILES.fullmatch(parts[-1])) or not JUNK_FOLDERS.isdisjoint(parts)


def folded(path: str) -> str:
    """The same text for all paths that are one where letter case and the coding of accents do not count."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class Paths:
    """The paths of an archive that were met so far."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.files: dict[str, str] = {}
        self.folders: set[str] = set()

    def admit(self, path: str) -> bool:
        """Take in the path of a file; note a problem and say no if it clashes with an earlier one."""
        parents = [path[:end] for end, letter in enumerate(path) if letter == "/"]
        earlier = self.files.get(folded(path))
        if earlier == path or path in self.folders or any(self.files.get(folded(parent)) for parent in parents):
            self.findings.error(Code.DUPLICATE_PATH, "two members of the archive have this path", path)
            return False
        if earlier is not None:
            self.findings.error(Code.CASE_CLASH, f"differs from {earlier!r} by letter case or accents only", path)
            return False
        self.files[folded(path)] = path
        self.folders.update(parents)
        return True
