"""Updates from the source over GraphQL (spec/content-api.md, "without loss of any course run information")."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import Store, open_blobs
from db.tables import AuditEntry, CourseRun
from resolvers.access import ANONYMOUS, Viewer
from resolvers.content.load import Courses
from resolvers.merging.protection import DEFAULT
from tests.asking import AUTHOR, LEARNER, Asking
from tests.catalog import fill
from tests.resolvers.content.conftest import imported
from tests.resolvers.editing.courses import FILES

RUN = "course-v1:Org0X+C0.0x+R0"
LIST = "content { protectedSettings { name type block } }"
PROTECT = f"""mutation($input: SetProtectedSettingsInput!) {{
  setProtectedSettings(input: $input) {{ courseRun {{ {LIST} }} userErrors {{ code message field }} }}
}}"""


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where imports are."""
    return "sqlite"


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    await fill(database)
    store = Store(database, open_blobs(tmp_path / "blobs"))
    async with database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == RUN))
    assert run is not None
    await imported(store, run, FILES)
    return Asking(database, courses=Courses(store))


async def protect(asking: Asking, settings: Any, viewer: Viewer = AUTHOR) -> Any:
    variables = {"input": {"courseRun": RUN, "settings": settings}}
    return (await asking.data(PROTECT, variables, viewer=viewer))["setProtectedSettings"]


async def test_protected_settings_are_a_list_that_can_be_read_and_changed(asking: Asking, database: Database) -> None:
    found = await asking.data(f'{{ courseRun(key: "{RUN}") {{ {LIST} }} }}', viewer=AUTHOR)
    assert [each["name"] for each in found["courseRun"]["content"]["protectedSettings"]] == list(DEFAULT)

    made = await protect(asking, [{"name": "due"}, {"name": "weight", "type": "problem"}, {"name": "due"}])
    assert made["userErrors"] == []
    assert made["courseRun"]["content"]["protectedSettings"] == [
        {"name": "due", "type": None, "block": None},
        {"name": "weight", "type": "problem", "block": None},
    ]
    async with database.writing() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "protect settings"))
    assert entry is not None
    assert "weight problem" in entry.changes
    again = await protect(asking, None)
    assert len(again["courseRun"]["content"]["protectedSettings"]) == len(DEFAULT)


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ({"name": "not a name"}, "name"),
        ({"name": "filename"}, "name"),
        ({"name": "due", "type": "a b"}, "type"),
        ({"name": "due", "type": "problem", "block": "problem/sum"}, "type"),
        ({"name": "due", "block": "sum"}, "block"),
    ],
)
async def test_what_cannot_be_protected_is_told(asking: Asking, setting: dict[str, str], place: str) -> None:
    [error] = (await protect(asking, [{"name": "due"}, setting]))["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["settings", "1", place])


@pytest.mark.parametrize(("viewer", "code"), [(ANONYMOUS, "UNAUTHENTICATED"), (LEARNER, "FORBIDDEN")])
async def test_only_who_may_edit_protects(asking: Asking, viewer: Viewer, code: str) -> None:
    variables = {"input": {"courseRun": RUN, "settings": []}}
    assert (await asking.error(PROTECT, variables, viewer=viewer))["extensions"]["code"] == code
