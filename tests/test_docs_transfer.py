"""The operations in docs/content-transfer.md, over an upload and a run with content."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.engine import Database
from db.store import Author
from resolvers.content.uploads import Announced
from tests.asking import ADMIN
from tests.edx.olx.twins import COURSE, tarred
from tests.test_docs import QUERY, ROOT, TRANSFER, with_content

OPERATIONS = [query for query, _ in QUERY.findall((ROOT / "docs" / TRANSFER).read_text())]


@pytest.fixture
def dialect() -> str:
    """What SQL is sent is tested elsewhere."""
    return "sqlite"


async def test_every_operation_is_answered(database: Database, tmp_path: Path) -> None:
    asking = await with_content(database, tmp_path)
    uploads = asking.executor.uploads
    assert uploads is not None

    async def body() -> AsyncIterator[bytes]:
        yield tarred(COURSE).read()

    parcel = await uploads.append(await uploads.begin(Author(ADMIN.username or ""), Announced()), 0, body())
    await uploads.complete(parcel)

    assert len(OPERATIONS) > 1
    for query in OPERATIONS:
        data = await asking.data(query, {"upload": parcel.uuid} if "$upload" in query else {}, viewer=ADMIN)
        [value] = data.values()
        assert value
        assert value.get("userErrors", []) == []
