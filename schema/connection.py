"""Lists that come in pages, as Relay's connection specification has them."""

from typing import Generic, TypeVar

import strawberry

T = TypeVar("T")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """The place of a page."""

    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether the list has something before this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge, null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge, null on an empty page.")


@strawberry.type(description="One place in a list.")
class Edge(Generic[T]):
    """A row of a page."""

    cursor: str = strawberry.field(description="Where this edge is in the list: for `after` and `before`.")
    node: T = strawberry.field(description="The object at this place.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """A page."""

    edges: list[Edge[T]] = strawberry.field(description="The page's objects with their cursors.")
    nodes: list[T] = strawberry.field(description="The page's objects.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")
    total_count: int = strawberry.field(description="Number of objects on all pages together.")
