"""What the directories do not say themselves: parents and organizations of sites, roles; and what may be removed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The settings of an installation.

    `roots` are the libraries that requests may name. `organizations` has the key of each site's organization, by
    default the site's name; `parents` the parent of each site that has one; `roles` those that `role_info.json` may
    give beside its own.
    """

    roots: tuple[Path, ...] = ()
    organizations: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a synchronization may take away, and whether it reads everything again whatever seems unchanged.

    It takes nothing away without `allow_removals`. A site of which no course is left, which may be a disk that is not
    there, only with `allow_empty`; a run that learners are enrolled in or that is in a program they see, only if its
    key is among `confirmed`.
    """

    allow_removals: bool = False
    allow_empty: bool = False
    confirmed: frozenset[str] = frozenset()
    read_again: bool = False
