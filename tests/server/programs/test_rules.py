"""The rules of programs, from the settings to what a mutation is answered."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import URL

from resolvers.access import Role
from resolvers.programs.lifecycle import Rules
from server.app import create_app
from server.programs.rules import rules
from server.settings import load
from server.signin import mint
from tests.server.test_cli import SIGNING

CREATE = """mutation { createProgram(input: { name: "P", category: "xseries", organizations: ["A", "B"] }) {
  userErrors { code }
} }"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Rules(1)),
        ({"max_organizations_per_program": "0"}, Rules(0)),
        ({"max_organizations_per_program": "3", "one_program_per_course": "true"}, Rules(3, is_course_exclusive=True)),
    ],
)
def test_the_settings_say_the_rules(given: dict[str, Any], expected: Rules) -> None:
    assert rules(load(**given)) == expected


@pytest.mark.parametrize(("most", "codes"), [(0, ["ORG_UNKNOWN"] * 2), (1, ["ORG_UNKNOWN"] * 2 + ["ORG_COUNT"])])
async def test_the_server_goes_by_them(database_url: URL, most: int, codes: list[str]) -> None:
    signing = {name.removeprefix("COLLEGIUM_").lower(): value for name, value in SIGNING.items()}
    settings = load(database_url=database_url, max_organizations_per_program=most, **signing)
    app = create_app(settings)
    headers = {"authorization": f"JWT {mint(settings, 'ada', Role.ADMIN, timedelta(hours=1))}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tests", headers=headers) as client,
    ):
        answer = (await client.post("/graphql", json={"query": CREATE})).json()

    assert [error["code"] for error in answer["data"]["createProgram"]["userErrors"]] == codes
