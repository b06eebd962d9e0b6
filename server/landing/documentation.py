"""The documentation as pages, and its operations for the explorer's collection.

An installed package has its own copy of `docs/`; a checkout reads the folder itself.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

from server.explorer import Operation

HERE = Path(__file__).parent
FOLDERS = (HERE / "docs", HERE.parents[1] / "docs")
QUERY = re.compile(r"^```graphql\n(?P<query>.*?)^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)

markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def texts() -> dict[str, str]:
    """The pages in Markdown by their path, such as `limits.md`; the guides come first, then the decisions."""
    folder = next(folder for folder in FOLDERS if folder.is_dir())
    paths = sorted(folder.rglob("*.md"), key=lambda path: (len(path.parts), path))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def title(path: str) -> str:
    """The title of a page, which is its first heading."""
    return texts()[path].partition("\n")[0].removeprefix("# ")


@cache
def html(path: str) -> str:
    """A page in HTML. Whatever HTML its text has is shown as text."""
    return str(markdown.render(texts()[path]))


@cache
def operations() -> Sequence[Operation]:
    """The operations of the documentation, each under the heading that it stands below; further ones are numbered."""
    found, seen = [], Counter[str]()
    for operation in (each for path in texts() for each in _operations(path)):
        seen[operation.name] += 1
        number = seen[operation.name]
        found.append(operation if number == 1 else replace(operation, name=f"{operation.name} ({number})"))
    return found


def _operations(path: str) -> Iterator[Operation]:
    text = texts()[path]
    for found in QUERY.finditer(text):
        before = text[: found.start()].rstrip()
        heading = [each["text"] for each in HEADING.finditer(before)][-1]
        name = title(path) if heading == title(path) else f"{title(path)}: {heading}"
        yield Operation(name, _said(before), found["query"])


def _said(before: str) -> str:
    """What the paragraph before an operation says first, without marks."""
    paragraph = before.rpartition("\n\n")[2]
    plain = " ".join(re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", paragraph).removeprefix("- ").split())
    return "" if plain.startswith("#") else re.split(r"(?<=\.) ", plain, maxsplit=1)[0].rstrip(":")
