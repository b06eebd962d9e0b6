"""The servers that are measured give the same answers."""

from typing import Any

import httpx
import pytest
from sqlalchemy import URL

from bench.answers import data, values
from bench.data import Sizes, fill
from bench.queries import BIG, PAGE, Query, queries
from bench.servers import SERVERS, application, ours
from tests.serving import serving

SIZES = Sizes(organizations=6, courses_each=4, runs_each=3, categories=2, programs_each=26)


async def answers(url: str, server: str, asked: list[Query]) -> dict[str, list[Any]]:
    """What a server answers to each body of the queries, in plain form."""
    headers = {"authorization": ours.authorization(), "content-type": "application/json"}
    async with serving(application(server, url)) as base, httpx.AsyncClient(base_url=base, headers=headers) as client:
        return {
            query.name: [data((await client.post("/graphql", content=body)).content) for body in query.bodies()]
            for query in asked
        }


async def test_all_servers_give_equal_answers(database_url: URL) -> None:
    url, asked = database_url.render_as_string(hide_password=False), queries(SIZES)
    await fill(url, SIZES)
    expected = await answers(url, "ours", asked)
    assert {server: await answers(url, server, asked) for server in SERVERS} == dict.fromkeys(SERVERS, expected)
    # each page is full or holds all that may be seen, and each program has what was written
    assert [len(page["programs"]) for page in expected[PAGE]] == [20, 20]
    assert [len(page["programs"]) for page in expected[BIG]] == [23, 23]
    first = expected[PAGE][0]["programs"][0]
    assert [len(course["runs"]) for course in first["courses"]] == [3] * len(first["courses"])
    assert len(first["courses"]) in range(6, 10)


def test_a_page_holds_as_many_values_as_the_documentation_says() -> None:
    page = {"programs": {"nodes": [{"id": "Program:1", "courses": [{"runs": {"nodes": [{"start": None}] * 4}}]}]}}
    assert values(page) == 5


@pytest.mark.parametrize("body", [b'{"data":{},"errors":[]}', b'{"errors":[]}'])
def test_an_answer_with_errors_is_none(body: bytes) -> None:
    with pytest.raises(ValueError, match="has errors"):
        data(body)
