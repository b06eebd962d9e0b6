"""What the tests of the plan share."""

import pytest

from db.engine import Database
from tests.asking import Asking
from tests.catalog import fill
from tests.resolvers.plan.odd import CALLS, ODD


@pytest.fixture
async def odd(database: Database) -> Asking:
    """An executor of a schema with every kind of source, over a small catalog."""
    await fill(database)
    CALLS.clear()
    return Asking(database, ODD)
