"""Viewers together with the application that they came through."""

from dataclasses import dataclass

from graphql import OperationType

from resolvers.access import Role, Viewer
from resolvers.errors import Code
from server.applications.registry import ALL_SCOPES, Scope
from server.operations import refusal

LMS = "lms:"
"""What stands before the username in the name of the application that a token of the LMS counts under."""


@dataclass(frozen=True, slots=True)
class Caller(Viewer):
    """A viewer who came through an application, within its `scopes`, and with `points` of its own if it has some."""

    scopes: frozenset[Scope] = ALL_SCOPES
    points: int | None = None


def from_lms(username: str, roles: frozenset[Role], *, token: str | None = None) -> Caller:
    """The viewer that a token of the LMS makes; those do not tell which of its applications they were made for."""
    authorization = None if token is None else f"JWT {token}"
    return Caller(username, roles, f"{LMS}{username}", authorization=authorization)


def application_of(viewer: Viewer) -> str | None:
    """Under which application the operations of a viewer are counted; None for whoever is not signed in."""
    return viewer.application


def check_scope(viewer: Viewer, kind: OperationType) -> None:
    """Raise Refusal (FORBIDDEN) for a mutation of an application that may only read."""
    if kind is OperationType.MUTATION and isinstance(viewer, Caller) and Scope.WRITE not in viewer.scopes:
        raise refusal(Code.FORBIDDEN, f"the token lacks the scope '{Scope.WRITE}', which mutations need")
