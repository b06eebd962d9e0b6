"""An installation without a store of content: what would change it says so."""

from typing import Any

import pytest

from db.engine import Database
from tests.asking import AUTHOR, Asking
from tests.catalog import fill
from tests.schema.contents import RUN

EDIT = {"deleteBlock": {"block": "html/page"}}


@pytest.fixture
def dialect() -> str:
    """One: nothing of it is in the database."""
    return "sqlite"


@pytest.fixture
async def asking(database: Database) -> Asking:
    await fill(database)
    return Asking(database)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("applyContentChanges", {"changes": [EDIT], "force": True}),
        ("mergeContent", {"fromRun": RUN}),
        ("publishDraft", {}),
        ("importCourse", {"upload": "0" * 32}),
        ("exportCourse", {}),
    ],
)
async def test_what_changes_content_is_switched_off(asking: Asking, name: str, given: dict[str, Any]) -> None:
    kind = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
    error = await asking.error(query, {"input": {"courseRun": RUN, **given}}, viewer=AUTHOR)
    assert error["extensions"]["code"] == "FEATURE_DISABLED"
    assert error["message"] == "this installation does without content"


async def test_no_run_has_content(asking: Asking) -> None:
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ version }} contentVersions {{ totalCount }} }} }}'
    found = (await asking.data(query, viewer=AUTHOR))["courseRun"]
    assert found == {"content": None, "contentVersions": {"totalCount": 0}}
