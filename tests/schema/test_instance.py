"""Open edX instances over GraphQL (spec/content-api.md: "programmatically co-hosting that content on different …")."""

from pathlib import Path

import pytest

from db.engine import Database
from resolvers.features import Feature
from resolvers.instances.known import Instance
from schema import schema
from server.execution import Executor
from tests.asking import AUTHOR, LEARNER, Asking
from tests.test_docs import QUERY as QUERY_OF_DOCS

QUERY = "{ openEdxInstances { name lmsUrl studioUrl isReadable } }"
DOCS = Path(__file__).parents[2] / "docs" / "instances.md"
PARTNER = Instance("partner", "https://lms.example.org", "https://studio.example.org", is_readable=True)


@pytest.fixture
def dialect() -> str:
    return "sqlite"


async def test_authors_see_instances_by_name_and_others_do_not(database: Database) -> None:
    asking = Asking(database)
    asking.executor = Executor(schema(), database, instances=[PARTNER])
    assert (await asking.data(QUERY, viewer=AUTHOR))["openEdxInstances"] == [
        {
            "name": "partner",
            "lmsUrl": "https://lms.example.org",
            "studioUrl": "https://studio.example.org",
            "isReadable": True,
        }
    ]
    assert (await asking.error(QUERY, viewer=LEARNER))["extensions"]["code"] == "FORBIDDEN"
    asking.executor = Executor(schema(), database, features=set(Feature) - {Feature.CONTENT})
    assert (await asking.error(QUERY, viewer=AUTHOR))["extensions"]["code"] == "FEATURE_DISABLED"


async def test_the_documented_queries_are_answered(database: Database) -> None:
    asking = Asking(database)
    asking.executor = Executor(schema(), database, instances=[PARTNER])
    for query, _ in QUERY_OF_DOCS.findall(DOCS.read_text()):
        assert any((await asking.data(query, viewer=AUTHOR)).values())
