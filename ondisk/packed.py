"""Courses that were read, kept small until they are needed: a large library must fit into memory."""

import pickle
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import overload

from ondisk.courses import Course, section_parts

__all__ = ["Courses", "Place", "packed"]

FASTEST = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a course or section is: its path, and that path as identifiers have it."""

    path: PurePosixPath
    parts: tuple[str, ...]
    is_section: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """A course, a hundredth of its size, and where its sections are."""

    place: Place
    sections: tuple[Place, ...]
    content: bytes

    def unpacked(self) -> Course:
        """The course."""
        course: Course = pickle.loads(zlib.decompress(self.content))  # noqa: S301 -- our own, and never out of memory
        return course


def packed(course: Course) -> Packed:
    """A course, made small."""
    sections = tuple(Place(each.path, section_parts(each.path), is_section=True) for each in course.sections)
    return Packed(Place(course.path, course.parts), sections, zlib.compress(pickle.dumps(course), FASTEST))


class Courses(Sequence[Course]):
    """Courses in the order of their paths, of which only the one that is asked for is in memory as a whole.

    Courses and sections with paths in `withheld` are left out.
    """

    def __init__(self, found: Collection[Packed], withheld: Collection[PurePosixPath] = ()) -> None:
        kept = (each for each in found if each.place.path not in withheld)
        self._packed = sorted(kept, key=lambda each: each.place.path)
        self._withheld = frozenset(withheld)

    def places(self) -> Iterator[Place]:
        """Where they and their sections are."""
        for each in self._packed:
            yield each.place
            yield from (section for section in each.sections if section.path not in self._withheld)

    def paths(self) -> list[PurePosixPath]:
        """Their paths, without those of sections."""
        return [each.place.path for each in self._packed]

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> Course: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Course]: ...
    def __getitem__(self, index: int | slice) -> Course | Sequence[Course]:
        if isinstance(index, slice):
            return [self._settled(each) for each in self._packed[index]]
        return self._settled(self._packed[index])

    def _settled(self, each: Packed) -> Course:
        course = each.unpacked()
        sections = tuple(section for section in course.sections if section.path not in self._withheld)
        if sections == course.sections:
            return course
        return replace(course, sections=sections, fingerprint=None, stamp=None)
