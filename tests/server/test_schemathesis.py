"""What schemathesis makes of our schema, thrown at the running application: answered, in time, and never our fault.

`make fuzz` throws more.
"""

import asyncio
import os
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from graphql import graphql_sync
from graphql.utilities import get_introspection_query
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from sqlalchemy import URL

from db.engine import Database
from resolvers.access import Role
from schema import schema
from server.app import create_app
from server.settings import load
from server.signin import mint
from tests.catalog import fill
from tests.serving import serving

EXAMPLES = max(4, int(os.environ.get("COLLEGIUM_TEST_EXAMPLES", "0")) // 50)
"""For each field of Query and of Mutation."""

FOUND = schemathesis.graphql.from_dict(graphql_sync(schema()._schema, get_introspection_query()).data or {})
OPERATIONS = {found.ok().label: found.ok() for found in FOUND.get_all_operations() if isinstance(found, Ok)}


@pytest.fixture
async def url(database_url: URL, database: Database) -> Any:
    await fill(database)
    chosen = load(
        database_url=database_url,
        jwt_secret="a secret that is long enough for tests, and no other use",
        jwt_audience=("collegium-tests",),
        jwt_issuers=("https://lms.example.org/oauth2",),
        rate_limit=10**9,
    )
    token = mint(chosen, "admin", Role.ADMIN, timedelta(minutes=30))
    async with serving(create_app(chosen)) as url:
        yield f"{url}/graphql", f"JWT {token}"


async def test_whatever_the_schema_allows_is_answered(url: tuple[str, str]) -> None:
    address, token = url

    def attack(label: str) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize="COLLEGIUM_TEST_EXAMPLES" not in os.environ,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(OPERATIONS[label].as_strategy())
        def attacked(case: Any) -> None:
            answer = case.call(base_url=address, headers={"Authorization": token}, timeout=20)
            assert answer.status_code < 500, (case.body, answer.text)
            for error in answer.json().get("errors", ()):
                assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", (case.body, error)

        attacked()

    assert {label.partition(".")[0] for label in OPERATIONS} == {"Query", "Mutation"}
    for label in OPERATIONS:
        await asyncio.to_thread(attack, label)
