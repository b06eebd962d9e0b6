"""`importPrograms`: a file of programs, through GraphQL."""

from typing import Any

import orjson
import pytest

from db.engine import Database
from resolvers.programs.exchange import export_programs
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import uuid

IMPORT = """mutation ($document: String!, $dryRun: Boolean = false) {
  importPrograms(input: { document: $document, dryRun: $dryRun }) {
    programs { programId name outcome changes { field before after } }
    userErrors { code message field }
  }
}"""


async def file(database: Database) -> Any:
    """The export of the small catalog."""
    async with database.writing() as session:
        return orjson.loads(await export_programs(session))


async def run(asking: Asking, content: Any, *, dry_run: bool = False) -> dict[str, Any]:
    given = {"document": orjson.dumps(content).decode(), "dryRun": dry_run}
    payload: dict[str, Any] = (await asking.data(IMPORT, given, viewer=ADMIN))["importPrograms"]
    return payload


async def test_what_was_exported_is_imported_and_changes_nothing(asking: Asking, database: Database) -> None:
    payload = await run(asking, await file(database))

    assert payload["userErrors"] == []
    assert {program["outcome"] for program in payload["programs"]} == {"UNCHANGED"}
    assert len(payload["programs"]) == 6


async def test_a_dry_run_tells_the_difference_and_the_run_makes_it(asking: Asking, database: Database) -> None:
    content = await file(database)
    content["programs"][0]["name"] = "Renamed"
    [dry, *_] = (await run(asking, content, dry_run=True))["programs"]

    id_ = f"Program:{uuid(0)}"
    assert dry == {
        "programId": id_, "name": "Renamed", "outcome": "UPDATED",
        "changes": [{"field": "name", "before": '"Program 0"', "after": '"Renamed"'}],
    }  # fmt: skip
    query = f'{{ program(id: "{id_}") {{ name history {{ nodes {{ action username }} }} }} }}'
    assert (await asking.data(query, viewer=ADMIN))["program"] == {"name": "Program 0", "history": {"nodes": []}}
    assert (await run(asking, content))["programs"][0] == dry
    assert (await asking.data(query, viewer=ADMIN))["program"] == {
        "name": "Renamed", "history": {"nodes": [{"action": "import", "username": "admin"}]},
    }  # fmt: skip


async def test_all_problems_are_user_errors_with_their_places(asking: Asking, database: Database) -> None:
    content = await file(database)
    content["programs"][0]["category"] = "none"
    content["programs"][1]["runModes"][0]["mode"] = "m" * 65
    payload = await run(asking, content)

    assert payload["programs"] == []
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("CATEGORY_UNKNOWN", ["programs", "0", "category"]),
        ("TOO_LONG", ["programs", "1", "runModes", "0", "mode"]),
    ]


@pytest.mark.parametrize(
    ("viewer", "code"), [(ANONYMOUS, "UNAUTHENTICATED"), (LEARNER, "FORBIDDEN"), (AUTHOR, "FORBIDDEN")]
)
async def test_only_admins_import_and_others_learn_nothing_of_the_file(asking: Asking, viewer: Any, code: str) -> None:
    for document in ("{}", "nonsense"):
        error = await asking.error(IMPORT, {"document": document}, viewer=viewer)
        assert error["extensions"]["code"] == code
