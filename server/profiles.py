"""What a server is open to: everything that helps developers, or nothing but its own applications' documents."""

from collections.abc import Callable
from dataclasses import dataclass, field

from server.limits import Limits
from server.settings import Settings

Known = Callable[[str], bool]
"""Whether a document's text is one of those that a locked server runs."""


@dataclass(frozen=True)
class Profile:
    """What is let through. `is_known` is asked for every document; without it every document may be run."""

    limits: Limits = field(default_factory=Limits)
    takes_get: bool = True
    takes_introspection: bool = True
    is_known: Known | None = None
    shows_cost: bool = False


def profile(settings: Settings, is_known: Known | None = None) -> Profile:
    """The profile under `settings`; a locked one runs documents that are known only, and without a store none is."""
    is_locked = settings.profile == "locked"
    limits = Limits(
        body=settings.max_body,
        tokens=settings.max_tokens,
        fields=settings.max_fields,
        depth=settings.max_depth,
        list_depth=settings.max_list_depth,
        aliases=settings.max_aliases,
        root_fields=settings.max_root_fields,
        directives=settings.max_directives,
        introspection_depth=settings.max_introspection_depth,
        cost=settings.max_cost,
        query_seconds=settings.query_timeout,
        mutation_seconds=settings.mutation_timeout,
    )
    return Profile(
        limits,
        takes_get=not is_locked,
        takes_introspection=not is_locked,
        is_known=(is_known or _nothing) if is_locked else None,
        shows_cost=settings.show_cost,
    )


def _nothing(_text: str) -> bool:
    return False
