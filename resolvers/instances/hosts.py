"""Instances as jobs reach them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from edx.studio import Studio
from edx.studio_imports import StudioImports
from edx.studio_session import StudioSession
from resolvers.instances.known import Instance


@dataclass(frozen=True, slots=True)
class Host:
    """An Open edX: its Studio, imports into that, and the pages that a user can see who signs in; None without one."""

    instance: Instance
    studio: Studio
    imports: StudioImports
    session: StudioSession | None = field(default=None)


Hosts: TypeAlias = Mapping[str, Host]
"""All that the settings name, by name."""
