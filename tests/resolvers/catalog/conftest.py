"""An LMS of a few lists, over real HTTP, and what the catalog says after it was told of them."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import stamina
from sqlalchemy import Executable, event
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from db.engine import Database
from edx.http import OpenEdxHttp
from edx.lms import COURSES, Lms
from edx.simulator import UNTHROTTLED, Options, running, seed_world
from edx.simulator.seed import CLIENT_ID, CLIENT_SECRET
from edx.tokens import Tokens
from tests.serving import serving


def an_organization(key: str, name: str = "", **others: Any) -> dict[str, Any]:
    """An organization as the organizations API gives it."""
    named = {"id": 1, "name": name, "short_name": key, "description": "", "logo": None, "active": True}
    return named | {"created": "2025-01-01T00:00:00Z", "modified": "2025-01-01T00:00:00Z"} | others


def a_run(key: str, name: str = "A course", **others: Any) -> dict[str, Any]:
    """A course run as the courses API gives it; `org` and `number` there are for display."""
    return {
        "id": key,
        "course_id": key,
        "name": name,
        "org": "For display",
        "number": "For display",
        "short_description": "In short",
        "media": {"image": {"raw": f"https://lms.example/{key}.jpg"}},
        "start": "2026-02-01T00:00:00Z",
        "end": None,
        "enrollment_start": None,
        "enrollment_end": None,
        "pacing": "instructor",
        "hidden": False,
        "invitation_only": False,
    } | others


@dataclass
class ScriptedLms:
    """Pages through its lists, and answers a page with 500 if that is in `broken`; counts what it was asked."""

    organizations: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 100
    broken: set[int] = field(default_factory=set)
    before: Callable[[int], None] = lambda _page: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self.answer(request)(scope, receive, send)

    def answer(self, request: Request) -> Response:
        page = int(request.query_params.get("page", "1"))
        self.before(page)
        if page in self.broken:
            return Response(b"<h1>Server Error</h1>", 500, {"content-type": "text/html"})
        are_courses = request.url.path == COURSES
        items = self.runs if are_courses else self.organizations
        start = (page - 1) * self.page_size
        has_more = len(items) > start + self.page_size
        links = {
            "next": str(request.url.include_query_params(page=page + 1)) if has_more else None,
            "previous": None,
            "count": len(items),
            "num_pages": -(-len(items) // self.page_size),
        }
        results = items[start : start + self.page_size]
        content = {"results": results, "pagination": links} if are_courses else {**links, "results": results}
        return Response(orjson.dumps(content), media_type="application/json")


@pytest.fixture
def scripted() -> ScriptedLms:
    """The lists that the LMS gives."""
    return ScriptedLms()


@pytest.fixture
async def lms(scripted: ScriptedLms) -> AsyncIterator[Lms]:
    """A client of the scripted LMS; retries come at once."""
    with stamina.set_testing(True, attempts=2, cap=True):
        async with serving(scripted) as url, OpenEdxHttp(url) as http:
            yield Lms(http)


@asynccontextmanager
async def simulated_lms() -> AsyncIterator[Lms]:
    """A client, signed in, of the simulated LMS with its seeded world."""
    async with running(seed_world(), Options(rates=UNTHROTTLED)) as addresses, AsyncExitStack() as stack:
        tokens = await stack.enter_async_context(Tokens(addresses.lms, CLIENT_ID, CLIENT_SECRET))
        yield Lms(await stack.enter_async_context(OpenEdxHttp(addresses.lms, authority=tokens)))


async def rows(database: Database, query: Executable) -> Sequence[Any]:
    """The rows of a query; single values where it selects one column."""
    async with database.writing() as session:
        found = (await session.execute(query)).all()
    return [row[0] if len(row) == 1 else tuple(row) for row in found]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database in the block, without BEGIN and COMMIT; an executemany is one."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
