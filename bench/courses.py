"""Made-up courses: one of the shape of Open edX's demo course, and others of any number of blocks."""

import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import ceil
from pathlib import Path
from random import Random
from typing import TypeVar

T = TypeVar("T")
File = tuple[str, bytes]

COMPONENTS, UNITS, SEQUENCES = 10, 5, 10
"""Components of a unit, units of a sequence and sequences of a section of a large course."""
WORDS = ["an", "edge", "of", "one", "orbit", "that", "all", "other", "planets", "have", "seen", "for", "long", "years"]

UNITS_OF_DEMO = ((2, 3), (4, 3, 3, 1), (1, 6, 7, 8, 4), (3, 3, 4), (4, 1), (1,))
"""Units of each sequence of each section of Open edX's demo course."""
COMPONENTS_OF_DEMO = {"html": 266, "problem": 29, "video": 11, "openassessment": 13}
ASSETS_OF_DEMO, BYTES_OF_DEMO = 124, 19_774_903


def large(blocks: int) -> Iterator[File]:
    """The files of a course of so many blocks, 5 at least, each in a file of its own: pages and problems in turns."""
    units = next(number for number in count(1) if sum(_containers(number)) + number * COMPONENTS >= blocks)
    sections, sequences, _, _ = _containers(units)
    kinds = iter(("html", "problem")[number % 2] for number in range(blocks - sum(_containers(units))))
    shape = _grouped(_grouped([COMPONENTS] * units, ceil(units / sequences)), ceil(sequences / sections))
    yield from _course(shape, kinds)


def _containers(units: int) -> tuple[int, int, int, int]:
    """How many sections and sequences so many units need, and the units and the course themselves."""
    sequences = ceil(units / UNITS)
    return ceil(sequences / SEQUENCES), sequences, units, 1


def _grouped(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def demo() -> Iterator[File]:
    """The files of a course of 401 blocks and 124 assets, of the sizes of those of Open edX's demo course."""
    units = sum(sum(section) for section in UNITS_OF_DEMO)
    kinds = [kind for kind, number in COMPONENTS_OF_DEMO.items() for _ in range(number)]
    Random(401).shuffle(kinds)  # noqa: S311 -- no secret
    most = ceil(len(kinds) / units)
    yield from _course([[[most] * number for number in section] for section in UNITS_OF_DEMO], iter(kinds))
    random = Random(124)  # noqa: S311 -- no secret
    size = BYTES_OF_DEMO // ASSETS_OF_DEMO
    for number in range(ASSETS_OF_DEMO):
        yield f"static/image{number}.png", random.randbytes(size)


class _Writer:
    """Makes files; every name has a number of its own."""

    def __init__(self) -> None:
        self.numbers = count()
        self.random = Random(7)  # noqa: S311 -- no secret

    def container(self, kind: str, inside: list[str], above: list[str]) -> Iterator[File]:
        """A container of what is `inside`, which is noted above."""
        name = f"{kind}{next(self.numbers)}"
        body = "".join(f"  {each}\n" for each in inside)
        yield f"{kind}/{name}.xml", f'<{kind} display_name="{self.text(3)}">\n{body}</{kind}>\n'.encode()
        above.append(f'<{kind} url_name="{name}"/>')

    def component(self, kind: str, above: list[str]) -> Iterator[File]:
        """A component, which is noted above: pages are two files, open responses stand in their unit."""
        name = f"{kind}{next(self.numbers)}"
        if kind == "openassessment":
            parts = "<title>T</title><rubric/><assessments/>"
            above.append(f'<{kind} url_name="{name}">{parts}</{kind}>')
            return
        above.append(f'<{kind} url_name="{name}"/>')
        title = f'display_name="{self.text(2)}"'
        if kind == "html":
            yield f"html/{name}.html", f"<p>{self.text(60)}</p>\n".encode()
            yield f"html/{name}.xml", f'<html filename="{name}" {title}/>\n'.encode()
        elif kind == "video":
            yield f"video/{name}.xml", f'<video url_name="{name}" {title} youtube="1.00:{name}"/>\n'.encode()
        else:
            question = f"<stringresponse answer='{self.text(1)}'><label>{self.text(20)}</label></stringresponse>"
            yield f"problem/{name}.xml", f'<problem {title} max_attempts="3">{question}</problem>\n'.encode()

    def text(self, words: int) -> str:
        """Some words, and a number, so that no two texts are alike."""
        return " ".join([*self.random.choices(WORDS, k=words), str(next(self.numbers))])


def _course(shape: Sequence[Sequence[Sequence[int]]], kinds: Iterator[str]) -> Iterator[File]:
    """Sections of sequences of units, each of at most so many components, of these kinds as long as there are some."""
    writer = _Writer()
    sections: list[str] = []
    for section in shape:
        sequences: list[str] = []
        for sequence in section:
            units: list[str] = []
            for most in sequence:
                components: list[str] = []
                for _, kind in zip(range(most), kinds, strict=False):
                    yield from writer.component(kind, components)
                yield from writer.container("vertical", components, units)
            yield from writer.container("sequential", units, sequences)
        yield from writer.container("chapter", sequences, sections)
    yield "course.xml", b'<course url_name="R" org="O" course="C"/>\n'
    start = "2020-01-01T00:00:00Z"
    yield "course/R.xml", f'<course display_name="Made up" start="{start}">{"".join(sections)}</course>\n'.encode()


def pack(files: Iterable[File], target: Path) -> Path:
    """An archive of files, which are made while it is written."""
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        for path, data in files:
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target
