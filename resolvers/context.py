"""What every resolver of one operation shares."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import Info

from db.engine import Database, Snapshot
from db.errors import WritersCrossed
from resolvers.access import Viewer
from resolvers.allowance import Meter
from resolvers.catalog.settling import ATTEMPTS
from resolvers.content.load import Courses
from resolvers.content.uploads import Uploads
from resolvers.directories.layout import Layout
from resolvers.editing.writing import Editor
from resolvers.features import Feature
from resolvers.grants import Grantees
from resolvers.instances.known import Instance
from resolvers.learners.mirror import Memory
from resolvers.learners.service import Learners
from resolvers.paths.service import Paths
from resolvers.plan.planner import Planner, Request, Site
from resolvers.plan.splice import Planned
from resolvers.programs.lifecycle import Rules
from resolvers.programs.offers import Offers
from resolvers.refusals import Problem

T = TypeVar("T")


@dataclass
class Context:
    """The viewer, the data as they are for this operation, the plans, and the rules of the installation.

    `offers` asks the LMS, `courses` has the content of runs, `editor` changes it and `uploads` has what was sent for
    it; None where none is configured. `instances` are those that content can be pushed to.
    `on_refusal` is told of the problems of each change that is refused, and of the mutation's name. `warnings` go
    along with the answer.
    """

    viewer: Viewer
    database: Database
    snapshot: Snapshot
    planner: Planner
    request: Request
    grantees: Grantees
    learners: Learners
    paths: Paths
    on_refusal: Callable[[str, Sequence[Problem]], None]
    rules: Rules = field(default_factory=Rules)
    offers: Offers | None = None
    features: frozenset[Feature] = frozenset(Feature)
    meter: Meter | None = None
    layout: Layout = field(default_factory=Layout)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    courses: Courses | None = None
    editor: Editor | None = None
    instances: Sequence[Instance] = ()
    uploads: Uploads | None = None

    async def planned(self, info: Info) -> Planned:
        """The value of a planned root field, for graphql-core to take as it is."""
        return await self.planner.field(self.request, _site(info), self.snapshot, self)

    async def object(self, info: Info, key: str | int) -> Planned:
        """The object with a public key that the field of `info` leads to, null where the viewer may not see it."""
        return await self.planner.object(self.request, _site(info), key, self.snapshot, self)

    async def told(self, info: Info, records: Any) -> Planned:
        """What the field of `info` shows of records, one or a tuple of them, and of the objects that they lead to."""
        return await self.planner.told(self.request, _site(info), records, self.snapshot, self)

    async def changing(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """The result of `work` in a transaction, which is committed; what is read from then on sees the change.

        `work` is done again, from the beginning, when it had to give way to another writer.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._changing(work)
            except WritersCrossed:
                continue
        return await self._changing(work)

    async def _changing(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self.database.writing() as session:
            result = await work(session)
        await self.snapshot.release()
        return result


def _site(info: Info) -> Site:
    raw = info._raw_info  # noqa: SLF001 -- Strawberry shows field nodes nowhere else
    return Site(raw.return_type, raw.field_nodes, raw.path.as_list())
