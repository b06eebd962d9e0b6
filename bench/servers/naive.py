"""The same fields as most people would write them, with Strawberry's own ASGI view and its caches of documents.

Plain types and resolvers, a dataloader for each relation, and ORM entities.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeAlias, TypeVar

import strawberry
from aiodataloader import DataLoader
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from typing_extensions import override

from db import tables

LARGEST_PAGE = 100

T = TypeVar("T")
VISIBLE = tables.Program.status.in_([tables.ProgramStatus.ACTIVE, tables.ProgramStatus.RETIRED])

strawberry.enum(tables.ProgramStatus)
strawberry.enum(tables.Pacing)


class Loaders:
    """The dataloaders of one request."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions
        self.organization = DataLoader(self._organizations)
        self.program_organizations = DataLoader(self._program_organizations)
        self.program_courses = DataLoader(self._program_courses)
        self.course_runs = DataLoader(self._course_runs)

    async def _organizations(self, ids: list[int]) -> list[tables.Organization]:
        async with self.sessions() as session:
            found = await session.scalars(select(tables.Organization).where(tables.Organization.id.in_(ids)))
            by_id = {row.id: row for row in found}
        return [by_id[key] for key in ids]

    async def _program_organizations(self, ids: list[int]) -> list[list[tables.Organization]]:
        link = tables.ProgramOrganization
        query = select(link.program_id, tables.Organization).join(
            tables.Organization, tables.Organization.id == link.organization_id
        )
        return await self._grouped(query.where(link.program_id.in_(ids)).order_by(link.position), ids)

    async def _program_courses(self, ids: list[int]) -> list[list[tables.Course]]:
        leaf = tables.ProgramRequirement
        query = select(leaf.program_id, tables.Course).join(tables.Course, tables.Course.id == leaf.course_id)
        return await self._grouped(query.where(leaf.program_id.in_(ids)).order_by(leaf.sequence), ids)

    async def _course_runs(self, ids: list[int]) -> list[list[tables.CourseRun]]:
        run = tables.CourseRun
        query = select(run.course_id, run).where(run.course_id.in_(ids)).order_by(run.key)
        return await self._grouped(query, ids)

    async def _grouped(self, query: Select[int, T], ids: list[int]) -> list[list[T]]:
        groups: dict[int, list[T]] = defaultdict(list)
        async with self.sessions() as session:
            for key, row in await session.execute(query):
                groups[key].append(row)
        return [groups[key] for key in ids]


Info: TypeAlias = strawberry.Info[Loaders, None]


@strawberry.type
class Organization:
    key: str
    display_name: str

    @classmethod
    def of(cls, row: tables.Organization) -> "Organization":
        return cls(key=row.key, display_name=row.display_name or row.key)


@strawberry.type
class CourseRun:
    key: str
    display_name: str
    start: datetime | None
    end: datetime | None
    pacing: tables.Pacing

    @classmethod
    def of(cls, row: tables.CourseRun) -> "CourseRun":
        return cls(key=row.key, display_name=row.display_name, start=row.start, end=row.end, pacing=row.pacing)


@strawberry.type
class CourseRunConnection:
    nodes: list[CourseRun]


@strawberry.type
class Course:
    id: strawberry.ID
    key: str
    display_name: str
    pk: strawberry.Private[int]
    organization_id: strawberry.Private[int]

    @classmethod
    def of(cls, row: tables.Course) -> "Course":
        return cls(
            id=strawberry.ID(f"Course:{row.readable_id}"),
            key=row.readable_id,
            display_name=row.display_name,
            pk=row.id,
            organization_id=row.organization_id,
        )

    @strawberry.field
    async def organization(self, info: Info) -> Organization:
        return Organization.of(await info.context.organization.load(self.organization_id))

    @strawberry.field
    async def runs(self, info: Info, first: int = 20) -> CourseRunConnection:
        rows = await info.context.course_runs.load(self.pk)
        return CourseRunConnection(nodes=[CourseRun.of(row) for row in rows[: min(first, LARGEST_PAGE)]])


@strawberry.type
class CourseConnection:
    nodes: list[Course]


@strawberry.type
class Program:
    id: strawberry.ID
    name: str
    subtitle: str
    status: tables.ProgramStatus
    updated_at: datetime
    pk: strawberry.Private[int]

    @classmethod
    def of(cls, row: tables.Program) -> "Program":
        return cls(
            id=strawberry.ID(f"Program:{row.uuid}"),
            name=row.name,
            subtitle=row.subtitle,
            status=row.status,
            updated_at=row.updated_at,
            pk=row.id,
        )

    @strawberry.field
    async def organizations(self, info: Info) -> list[Organization]:
        rows = await info.context.program_organizations.load(self.pk)
        return [Organization.of(row) for row in rows]

    @strawberry.field
    async def courses(self, info: Info) -> list[Course]:
        return [Course.of(row) for row in await info.context.program_courses.load(self.pk)]


@strawberry.type
class ProgramConnection:
    nodes: list[Program]


@strawberry.input
class ProgramFilter:
    category: str


@strawberry.input
class CourseFilter:
    org: str


@strawberry.type
class Query:
    @strawberry.field
    async def programs(self, info: Info, filter: ProgramFilter, first: int = 20) -> ProgramConnection:  # noqa: A002 -- its name
        category = select(tables.ProgramCategory.id).where(tables.ProgramCategory.slug == filter.category)
        query = select(tables.Program).where(VISIBLE, tables.Program.category_id == category.scalar_subquery())
        query = query.order_by(tables.Program.name_folded).limit(min(first, LARGEST_PAGE))
        async with info.context.sessions() as session:
            return ProgramConnection(nodes=[Program.of(row) for row in await session.scalars(query)])

    @strawberry.field
    async def program(self, info: Info, id: strawberry.ID) -> Program | None:  # noqa: A002 -- its name
        query = select(tables.Program).where(VISIBLE, tables.Program.uuid == id.removeprefix("Program:"))
        async with info.context.sessions() as session:
            row = await session.scalar(query)
        return Program.of(row) if row else None

    @strawberry.field
    async def courses(self, info: Info, filter: CourseFilter, first: int = 20) -> CourseConnection:  # noqa: A002 -- its name
        alias = tables.OrganizationAlias
        organization = select(alias.organization_id).where(alias.alias == filter.org.casefold())
        query = select(tables.Course).where(tables.Course.organization_id == organization.scalar_subquery())
        query = query.order_by(tables.Course.readable_id).limit(min(first, LARGEST_PAGE))
        async with info.context.sessions() as session:
            return CourseConnection(nodes=[Course.of(row) for row in await session.scalars(query)])


class View(GraphQL[Loaders, None]):
    """Strawberry's view, with new dataloaders for each request."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        super().__init__(strawberry.Schema(Query, extensions=[ParserCache, ValidationCache]))
        self._sessions = sessions

    @override
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Loaders:
        return Loaders(self._sessions)


def application(url: str) -> ASGIApp:
    """The server over the database at `url`."""
    engine = create_async_engine(url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    view = View(async_sessionmaker(engine, expire_on_commit=False))
    return Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)
