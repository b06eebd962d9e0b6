"""A small site to explore: a real schema over HTTP and WebSocket, with the explorer before it."""

from collections.abc import AsyncIterator
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.types import Info

from server.explorer import ExplorerConfig, Operation, Session, routes

SESSIONS = (
    Session("Lena Learner", "learner", "learner-token"),
    Session("Ari Author", "author", "author-token"),
    Session("Ada Admin", "admin", "admin-token"),
)

OPERATIONS = (
    Operation(
        "Who am I?", "The viewer, as the server sees the header that the page sent.", "query WhoAmI {\n  viewer\n}"
    ),
    Operation(
        "One course",
        "A course by its key; the key is a variable.",
        "query OneCourse($key: String!) {\n  course(key: $key) {\n    key\n    title\n  }\n}",
        {"key": "MITx+6.002x"},
    ),
    Operation("Count down", "A subscription over a WebSocket.", "subscription CountDown {\n  countdown(start: 3)\n}"),
    Operation(
        "Odd </script><b> text", "Text that must stay text: </script><script>alert(1)</script>", "{ __typename }"
    ),
)


@strawberry.type(description="A course.")
class Course:
    key: str
    title: str


def viewer(info: Info[dict[str, Any], None]) -> str:
    return str(info.context["request"].headers.get("authorization", "nobody"))


def course(key: str) -> Course:
    return Course(key=key, title=f"The course {key}")


async def countdown(start: int) -> AsyncIterator[int]:
    for number in range(start, -1, -1):
        yield number


@strawberry.type
class Query:
    viewer: str = strawberry.field(resolver=viewer, description="Who asks: the header Authorization, or nobody.")
    course: Course = strawberry.field(resolver=course, description="A course by its key.")


@strawberry.type
class Subscription:
    countdown: AsyncIterator[int] = strawberry.subscription(
        resolver=countdown, description="The numbers from `start` down to nought."
    )


def site(*, sessions: tuple[Session, ...] = SESSIONS, operations: tuple[Operation, ...] = OPERATIONS) -> Starlette:
    """The application, with these sessions and operations in its explorer."""
    graphql: GraphQL[None, None] = GraphQL(strawberry.Schema(query=Query, subscription=Subscription), graphql_ide=None)
    return Starlette(
        routes=[
            Route("/graphql", graphql, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", graphql),
            *routes(ExplorerConfig(sessions=sessions, operations=operations)),
        ]
    )
