"""The operations in docs/jobs.md, run in order over a job."""

import pytest

from resolvers.jobs import Kind, enqueue
from tests.asking import ADMIN, Asking
from tests.test_docs import JOBS, QUERY, ROOT

OPERATIONS = [query for query, _ in QUERY.findall((ROOT / "docs" / JOBS).read_text())]


@pytest.fixture
def dialect() -> str:
    """What SQL is sent is tested elsewhere."""
    return "sqlite"


async def test_every_operation_is_answered(asking: Asking) -> None:
    async with asking.database.writing() as session:
        job = await enqueue(session, Kind(name="COUNT"), "Course:Org0X+C0.0x", by=ADMIN)

    assert len(OPERATIONS) > 3
    for query in OPERATIONS:
        data = await asking.data(query, {"id": f"Job:{job.uuid}"} if "$id" in query else {}, viewer=ADMIN)
        [value] = data.values()
        assert value
        assert value.get("userErrors", []) == []
