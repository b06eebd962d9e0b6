"""What the documentation says is what the code does."""

import re
from pathlib import Path

import pytest

from resolvers.errors import Code
from resolvers.refusals import Reason
from schema.user_error import UserErrorCode
from tests.asking import ADMIN, Asking

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
QUERIES = [
    pytest.param(query, id=f"{page.name}-{number}")
    for page in PAGES
    for number, query in enumerate(re.findall(r"^```graphql\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE))
]


def test_every_error_code_is_documented_and_every_documented_one_exists() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "errors.md").read_text(), flags=re.MULTILINE)

    assert sorted(rows) == sorted([*Code, *Reason])
    assert sorted(UserErrorCode.__members__) == sorted(Reason)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", page.read_text())

    assert page.read_text().startswith("# ")
    for link in links:
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("query", QUERIES)
async def test_every_query_is_answered(query: str, asking: Asking) -> None:
    answer = await asking.data(query, viewer=ADMIN)

    assert any(answer.values())
