"""A schema whose fields do not say where they come from is told so by the first query for one."""

from typing import Any

import pytest
import strawberry

from db import tables
from db.engine import Database
from resolvers import reads
from resolvers.plan.declare import attribute, batched, column, identity, many, noun, one, paged, viewed
from resolvers.plan.splice import SplicingExecutionContext
from schema.connection import Connection
from tests.asking import Asking


@strawberry.type(name="Place")
class PlaceRecord:
    name: str = column(tables.Organization.key, "A column, of a record.")


async def place(_batch: Any) -> Any:
    return {}


@noun(tables.Organization, key=tables.Organization.key, description="One.")
class Organization:
    id: strawberry.ID = identity("Id.")
    name: str = attribute("name", "An attribute, of a noun.")
    place: PlaceRecord | None = batched(tables.Organization.key, place, "A record.")


@strawberry.type
class Whoever:
    organization: Organization | None = one(tables.Organization.id, "Neither a page nor of the viewer.")


@strawberry.type
class Query:
    organizations: Connection[Organization] = paged("All.", orders=reads.ORGANIZATION_ORDERS)
    all_organizations: list[Organization] = many("No root.", order=[tables.Organization.key])
    viewer: Whoever = viewed("Whoever asks.")


WRONG = strawberry.Schema(Query, execution_context_class=SplicingExecutionContext)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("allOrganizations { id }", "Query.allOrganizations is no root of a plan"),
        ("organizations { nodes { name } }", "'name' does not say where it comes from"),
        ("organizations { nodes { place { name } } }", "'name' of a record is no attribute of it"),
        ("viewer { organization { id } }", "'organization' of whoever asks is neither a page nor of the viewer"),
    ],
)
async def test_a_field_in_the_wrong_place_is_named(database: Database, selection: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        await Asking(database, WRONG).response(f"{{ {selection} }}")
