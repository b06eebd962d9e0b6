"""What every resolver of one operation shares."""

from dataclasses import dataclass

from strawberry import Info

from db.engine import Database, Snapshot
from resolvers.access import Viewer
from resolvers.plan.planner import Planner, Request
from resolvers.plan.splice import Planned


@dataclass
class Context:
    """The viewer, the data as they are for this operation, and the plans."""

    viewer: Viewer
    database: Database
    snapshot: Snapshot
    planner: Planner
    request: Request

    async def planned(self, info: Info) -> Planned:
        """The value of a planned root field, for graphql-core to take as it is."""
        raw = info._raw_info  # noqa: SLF001 -- Strawberry shows field nodes nowhere else
        return await self.planner.field(self.request, raw.field_nodes, raw.path.as_list(), self.snapshot, self)
