"""The story in docs/programs.md, run from top to bottom over an empty catalog, and the tables that lead into it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import parse
from graphql.language import OperationDefinitionNode

from db.engine import Database
from tests.asking import ADMIN, ANONYMOUS, LEARNER, Asking
from tests.test_docs import QUERY, ROOT, STORY, shape

PAGE = ROOT / "docs" / STORY
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OTHERS = {"What a learner may not": LEARNER, "What nobody may": ANONYMOUS}


def sections(page: Path = PAGE) -> dict[str, str]:
    """The text below each heading."""
    _, *parts = HEADING.split(page.read_text())
    return dict(zip(parts[::2], parts[1::2], strict=True))


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


async def test_the_story_runs_from_top_to_bottom(database: Database) -> None:
    asking, known = Asking(database), {"id": "Program:00000000-0000-4000-8000-000000000000"}
    for heading, text in sections().items():
        for query, answer in QUERY.findall(text):
            variables = known if "$id" in query else {}
            response = await asking.response(query, variables, viewer=OTHERS.get(heading, ADMIN))
            made = (response.get("data") or {}).get("createProgram")
            if made and made["program"]:
                known = {"id": made["program"]["id"]}
            if answer:
                expected = json.loads(answer)
                assert shape(response) == shape(expected), heading
                assert codes(response) == codes(expected), heading
            else:
                assert "errors" not in response, (heading, response)
                assert not codes(response), (heading, response)
                assert all(response["data"].values()), (heading, response)


def codes(value: Any) -> list[str]:
    """The codes anywhere in an answer."""
    if isinstance(value, dict):
        own = [str(value["code"])] if "code" in value else []
        return own + [code for each in value.values() for code in codes(each)]
    return [code for each in value for code in codes(each)] if isinstance(value, list) else []


ROWS = re.findall(r"^\| (.+?) \| (.+?) \| \[.+?\]\(#(.+?)\) \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("rest", "ours", "place"), ROWS, ids=[row[0] for row in ROWS])
def test_every_row_of_the_tables_leads_to_an_operation_that_is_run(rest: str, ours: str, place: str) -> None:
    """spec/programs.md, "API": each endpoint has its counterpart."""
    [text] = [text for heading, text in sections().items() if anchor(heading) == place]
    fields = {
        selection.name.value
        for query, _ in QUERY.findall(text)
        for definition in parse(query).definitions
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
        if hasattr(selection, "name")
    }
    assert fields, rest
    if "/" in rest or rest.startswith("`PATCH`"):
        assert re.findall(r"`(\w+)", ours)[0] in fields


def test_every_endpoint_of_the_specification_is_in_the_table() -> None:
    """spec/programs.md, "API"."""
    told = " ".join(row[0] for row in ROWS)
    for endpoint in (
        "GET /programs/", "POST /programs/", "GET /programs/:program_id/", "PATCH /programs/:program_id/",
        "PUT /runs/:course_key/", "DELETE /runs/:course_key/", "GET /organizations/",
        "PUT /organizations/:organization_id/", "GET /courses/", "GET /courses/:course_id/", "PUT /courses/:course_id/",
    ):  # fmt: skip
        assert endpoint in told
