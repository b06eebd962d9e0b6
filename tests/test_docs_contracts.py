"""The story in docs/contracts.md, run from top to bottom over an empty catalog."""

import json
from datetime import UTC, datetime

import pytest

from db.engine import Database
from tests.asking import ADMIN, LEARNER, Asking
from tests.test_docs import QUERY, ROOT, shape
from tests.test_docs_programs import codes, sections

PAGE = ROOT / "docs" / "contracts.md"
YEAR = datetime.now(UTC).year


@pytest.fixture
def dialect() -> str:
    """What the story does is tested on both databases elsewhere."""
    return "sqlite"


async def test_the_story_runs_from_top_to_bottom(database: Database) -> None:
    asking = Asking(database)
    known = {"program": "Program:00000000-0000-4000-8000-000000000000", "run": f"course-v1:UAI_MIT+12.345x+C1_{YEAR}"}
    asked = 0
    for heading, text in sections(PAGE).items():
        for query, answer in QUERY.findall(text):
            variables = {name: value for name, value in known.items() if f"${name}" in query}
            viewer = LEARNER if heading == "What a member sees" else ADMIN
            response = await asking.response(query, variables, viewer=viewer)
            made = (response.get("data") or {}).get("createProgram")
            if made:
                known["program"] = made["program"]["id"]
            asked += 1
            if answer:
                expected = json.loads(answer)
                assert (shape(response), codes(response)) == (shape(expected), codes(expected)), heading
            else:
                assert "errors" not in response, (heading, response)
                assert set(codes(response)) <= {"None"}, (heading, response)
                assert all(response["data"].values()), (heading, response)
    assert asked > 15


async def test_the_member_of_the_story_sees_the_contract_and_only_herself(database: Database) -> None:
    text = "".join(sections(PAGE).values())
    [query] = [query for query, _ in QUERY.findall(text) if "welcome status members" in query]
    assert await Asking(database).data(query) == {"contracts": {"nodes": []}}
