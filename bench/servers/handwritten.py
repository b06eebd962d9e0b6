"""The least that a server can do: one hand-written statement builds the answer's JSON, behind a bare ASGI application.

No GraphQL: the name of the operation chooses the statement. The texts are put together with `||`, which both databases
do quicker than with `json_build_object` and `json_object`.
"""
# ruff: noqa: S608 -- every statement is put together from the texts below only

import gc
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson
from sqlalchemy import make_url
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

PROGRAM_ID = len("Program:")


class Sql(ABC):
    """The three statements in one dialect."""

    parameter: str

    @abstractmethod
    def quoted(self, expression: str) -> str:
        """A non-null text as JSON."""

    @abstractmethod
    def instant(self, expression: str) -> str:
        """A time or null as JSON."""

    @abstractmethod
    def array(self, select: str) -> str:
        """A JSON array of the one column, named `item`, of the rows that `select` gives."""

    @staticmethod
    def object(**fields: str) -> str:
        """A JSON object of fields that are JSON."""
        members = "||','||".join(f"""'"{name}":'||{value}""" for name, value in fields.items())
        return f"'{{'||{members}||'}}'"

    def organization(self) -> str:
        """The object of organization `o`."""
        return self.object(key=self.quoted("o.key"), displayName=self.quoted("coalesce(o.display_name, o.key)"))

    def organizations(self) -> str:
        """Those of program `p`."""
        return self.array(
            f"""SELECT {self.organization()} AS item FROM program_organization l
            JOIN organization o ON o.id = l.organization_id WHERE l.program_id = p.id ORDER BY l.position"""
        )

    def runs(self) -> str:
        """The page of the runs of course `c`."""
        run = self.object(
            key=self.quoted("r.key"),
            displayName=self.quoted("r.display_name"),
            start=self.instant("r.start"),
            end=self.instant('r."end"'),
            pacing=self.quoted("upper(r.pacing)"),
        )
        select = f"SELECT {run} AS item FROM course_run r WHERE r.course_id = c.id ORDER BY r.key LIMIT 20"
        return self.object(nodes=self.array(select))

    def course(self, **more: str) -> str:
        """The object of course `c`, with `more` fields."""
        return self.object(
            id=self.quoted("'Course:' || c.readable_id"),
            key=self.quoted("c.readable_id"),
            displayName=self.quoted("c.display_name"),
            **more,
        )

    def program(self, **more: str) -> str:
        """The object of program `p`, with `more` fields of its courses."""
        courses = f"""SELECT {self.course(organization=self.organization(), **more)} AS item
            FROM program_requirement q JOIN course c ON c.id = q.course_id
            JOIN organization o ON o.id = c.organization_id WHERE q.program_id = p.id ORDER BY q.sequence"""
        return self.object(
            id=self.quoted("'Program:' || p.uuid"),
            name=self.quoted("p.name"),
            subtitle=self.quoted("p.subtitle"),
            status=self.quoted("upper(p.status)"),
            updatedAt=self.instant("p.updated_at"),
            organizations=self.organizations(),
            courses=self.array(courses),
        )

    def statements(self) -> Mapping[str, str]:
        """By operation."""
        category, organization = f"slug = {self.parameter}1", f"alias = lower({self.parameter}1)"
        visible = "p.status IN ('active', 'retired')"
        page = f"""SELECT * FROM program p WHERE {visible}
            AND p.category_id = (SELECT id FROM program_category WHERE {category})
            ORDER BY p.name_folded LIMIT {self.parameter}2"""
        programs = f"SELECT {self.program(runs=self.runs())} AS item FROM ({page}) p ORDER BY p.name_folded"
        courses = f"""SELECT {self.course(runs=self.runs())} AS item FROM course c
            WHERE c.organization_id = (SELECT organization_id FROM organization_alias WHERE {organization})
            ORDER BY c.readable_id LIMIT 50"""
        one = f"SELECT {self.program()} FROM program p WHERE p.uuid = {self.parameter}1 AND {visible}"
        return {
            "Programs": "SELECT " + self.object(programs=self.object(nodes=self.array(programs))),
            "Program": "SELECT " + self.object(program=f"coalesce(({one}), 'null')"),
            "Courses": "SELECT " + self.object(courses=self.object(nodes=self.array(courses))),
        }


class PostgresqlSql(Sql):
    parameter = "$"

    @override
    def quoted(self, expression: str) -> str:
        return f"to_json({expression})::text"

    @override
    def instant(self, expression: str) -> str:
        return f"coalesce(to_json({expression})::text, 'null')"

    @override
    def array(self, select: str) -> str:
        return f"'['||array_to_string(array({select}), ',')||']'"


class SqliteSql(Sql):
    parameter = "?"

    @override
    def quoted(self, expression: str) -> str:
        return f"json_quote({expression})"

    @override
    def instant(self, expression: str) -> str:
        text = f"strftime('%Y-%m-%dT%H:%M:%SZ', {expression} / 1000000, 'unixepoch')"
        return f"""coalesce('"'||{text}||'"', 'null')"""

    @override
    def array(self, select: str) -> str:
        return f"'['||(SELECT coalesce(group_concat(item, ','), '') FROM ({select}))||']'"


def parameters(variables: Mapping[str, Any]) -> list[Any]:
    """The parameters of any of the statements."""
    if "id" in variables:
        return [variables["id"][PROGRAM_ID:]]
    return list(variables.values())


class Connections(ABC):
    """How a statement is run."""

    @abstractmethod
    async def text(self, operation: str, parameters: Sequence[Any]) -> str:
        """The JSON that the statement of an operation gives."""

    @abstractmethod
    async def open(self) -> None:
        """Connect."""

    @abstractmethod
    async def close(self) -> None:
        """Close all connections."""


class Postgresql(Connections):
    """A pool of driver connections."""

    def __init__(self, url: str) -> None:
        self._statements = PostgresqlSql().statements()
        self._pool = asyncpg.create_pool(url, min_size=0, reset=_keep, server_settings={"timezone": "UTC"})

    @override
    async def open(self) -> None:
        await self._pool

    @override
    async def close(self) -> None:
        await self._pool.close()

    @override
    async def text(self, operation: str, parameters: Sequence[Any]) -> str:
        text: str = await self._pool.fetchval(self._statements[operation], *parameters)
        return text


async def _keep(_connection: Any) -> None:
    """Leave a returned connection as it is: nothing was set on it."""


class Sqlite(Connections):
    """One connection on the loop's own thread: quicker than a thread that has to be woken up."""

    def __init__(self, path: str) -> None:
        self._statements = SqliteSql().statements()
        self._path = path

    @override
    async def open(self) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None)

    @override
    async def close(self) -> None:
        self._connection.close()

    @override
    async def text(self, operation: str, parameters: Sequence[Any]) -> str:
        [[text]] = self._connection.execute(self._statements[operation], parameters)
        return str(text)


class Application:
    """The bare ASGI application."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = orjson.loads((await receive())["body"])
        text = await self._connections.text(request["operationName"], parameters(request["variables"]))
        body = f'{{"data":{text}}}'.encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._connections.open()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._connections.close()
        await send({"type": "lifespan.shutdown.complete"})


def application(url: str) -> ASGIApp:
    """The server over the database at `url`."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return Application(Sqlite(address.database or ""))
    return Application(Postgresql(address.set(drivername="postgresql").render_as_string(hide_password=False)))
