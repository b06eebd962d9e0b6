"""Keys of the runs that contracts have, and of the runs that those are made from.

"Each contract requires its own course run" (spec/b2b-courseware.md): `course-v1:UAI_MIT+12.345x+C102_2025` is made from
`course-v1:UAI_SOURCE+12.345x+SOURCE` for contract 102 of the organization MIT in 2025.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from edx.keys import CourseKey

SOURCE = "SOURCE"
"""The run part of the key of a run that others are made from."""

TAG = re.compile(r"C([1-9][0-9]{0,8})_([0-9]{4})")


class Prefix(StrEnum):
    """What stands before an organization's key in the keys of its contracts' runs."""

    UAI = "UAI"
    B2B = "B2B"
    NONE = "NONE"

    @property
    def text(self) -> str:
        """As it stands in a key: `UAI_`, `B2B_`, or nothing."""
        return PREFIXES[self]

    def takes(self, source: "Prefix") -> bool:
        """Whether an organization of this prefix may have runs made from a source of that one, unless told otherwise.

        What was made for UAI stays there, and what was made for B2B, whose organizations have `B2B_` or no prefix, too.
        A source without a prefix was made for nobody in particular.
        """
        return source is Prefix.NONE or (self is Prefix.UAI) == (source is Prefix.UAI)


PREFIXES: Mapping[Prefix, str] = MappingProxyType({Prefix.UAI: "UAI_", Prefix.B2B: "B2B_", Prefix.NONE: ""})


def prefix_of(org: str) -> Prefix:
    """The prefix that the organization part of a key has."""
    return next(prefix for prefix in Prefix if org.startswith(prefix.text))


@dataclass(frozen=True, slots=True)
class ContractTag:
    """The run part of a contract's run: `C102_2025`, of the contract's number and the year in which the run is made.

    The year is that of UTC (spec/b2b-courseware.md, "the contract and year the run was created").
    """

    contract: int
    year: int

    @classmethod
    def parse(cls, run: str) -> Self | None:
        """The tag that a run part is, or None."""
        found = TAG.fullmatch(run)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"C{self.contract}_{self.year:04}"


def contract_run_key(source: CourseKey, prefix: Prefix, organization: str, tag: ContractTag) -> CourseKey:
    """The key of the run that is made from `source` for a contract of an organization, by its bare key.

    The number stays as it is in the source's key. Raises InvalidCourseKey, for what is too long also.
    """
    return CourseKey(prefix.text + organization, source.course, str(tag))
