"""Asking the executor as somebody, without HTTP in between."""

from collections.abc import Mapping
from typing import Any

from strawberry import Schema

from db.engine import Database
from resolvers.access import ANONYMOUS, Role, Viewer
from resolvers.content.load import Courses
from resolvers.learners import Learners
from resolvers.programs.lifecycle import Rules
from resolvers.programs.offers import Offers
from schema import schema
from server.execution import Executor, Operation

LEARNER = Viewer("learner", frozenset({Role.LEARNER}))
AUTHOR = Viewer("author", frozenset({Role.LEARNER, Role.AUTHOR}))
ADMIN = Viewer("admin", frozenset({Role.LEARNER, Role.AUTHOR, Role.ADMIN}))

__all__ = ["ADMIN", "ANONYMOUS", "AUTHOR", "LEARNER", "Asking"]


class Asking:
    """An executor over a database, and the number of SELECTs that the last operation took."""

    def __init__(
        self,
        database: Database,
        over: Schema | None = None,
        rules: Rules | None = None,
        offers: Offers | None = None,
        learners: Learners | None = None,
        *,
        courses: Courses | None = None,
    ) -> None:
        self.database = database
        self.executor = Executor(
            over or schema(), database, rules=rules, offers=offers, learners=learners, courses=courses
        )
        self.statements = 0
        original = database.snapshot

        def counted() -> Any:
            snapshot = original()
            self.snapshots.append(snapshot)
            return snapshot

        self.snapshots: list[Any] = []
        database.snapshot = counted  # type: ignore[method-assign]

    async def response(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        viewer: Viewer = LEARNER,
        name: str | None = None,
    ) -> dict[str, Any]:
        """The whole response map."""
        await self.executor.grantees.includes(None)  # read from time to time, whatever is asked
        self.snapshots.clear()
        result = await self.executor.execute(Operation(query, name, variables), viewer)
        self.statements = sum(snapshot.statements for snapshot in self.snapshots)
        return result.body()

    async def data(
        self, query: str, variables: Mapping[str, Any] | None = None, *, viewer: Viewer = LEARNER
    ) -> dict[str, Any]:
        """The data of a response that must not have errors."""
        response = await self.response(query, variables, viewer=viewer)
        assert "errors" not in response, response["errors"]
        data: dict[str, Any] = response["data"]
        return data

    async def error(
        self, query: str, variables: Mapping[str, Any] | None = None, *, viewer: Viewer = LEARNER
    ) -> dict[str, Any]:
        """The one error of a response."""
        response = await self.response(query, variables, viewer=viewer)
        [error] = response["errors"]
        found: dict[str, Any] = error
        return found
