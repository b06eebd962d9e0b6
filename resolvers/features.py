"""The parts of the product that an installation may do without."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from resolvers.access import Permission


class Feature(StrEnum):
    """One part. Where it is off, its objects are there for nobody and its mutations are refused."""

    PROGRAMS = "programs"
    CONTRACTS = "contracts"
    CONTENT = "content"
    DIRECTORIES = "directories"


PERMISSIONS: Mapping[Feature, frozenset[Permission]] = MappingProxyType(
    {
        Feature.PROGRAMS: frozenset(
            {
                Permission.SEE_PROGRAMS,
                Permission.SEE_UNPUBLISHED_PROGRAMS,
                Permission.SEE_GRANTED_PROGRAMS,
                Permission.SEE_PROGRAMS_OF_OTHERS,
            }
        ),
        Feature.CONTENT: frozenset(
            {
                Permission.SEE_CONTENT,
                Permission.SEE_GRANTED_CONTENT,
                Permission.CHANGE_CONTENT,
                Permission.SEE_USAGE,
            }
        ),
        Feature.CONTRACTS: frozenset(
            {Permission.SEE_OWN_CONTRACTS, Permission.SEE_CONTRACTS, Permission.CHANGE_CONTRACTS}
        ),
        Feature.DIRECTORIES: frozenset({Permission.SEE_DIRECTORIES}),
    }
)
"""What nobody may do without the part."""


def withheld(enabled: Iterable[Feature]) -> frozenset[Permission]:
    """The permissions that nobody has where only these parts are `enabled`."""
    missing = set(Feature).difference(enabled)
    return frozenset[Permission]().union(*(PERMISSIONS.get(feature, frozenset()) for feature in missing))
