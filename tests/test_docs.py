"""What the documentation says is what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from db.engine import Database
from db.store import Store, open_blobs
from resolvers.content.load import Courses
from resolvers.errors import Code
from resolvers.jobs import JobErrorCode
from resolvers.refusals import Reason
from schema.user_error import UserErrorCode
from server.settings import Settings, variable
from tests.asking import ADMIN, Asking
from tests.db.store.conftest import add_runs
from tests.resolvers.content.conftest import imported

ROOT = Path(__file__).parent.parent
ROOMS = ("schema", "resolvers", "db", "edx", "ondisk", "server")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
STORY, JOBS, CONTRACTS, TRANSFER = "programs.md", "jobs.md", "contracts.md", "content-transfer.md"
INSTANCES = "instances.md"
EDITED_RUN = "course-v1:ANUx+ASTRO2X+2T2026"
EDITED = b"""<course url_name="2T2026" org="ANUx" course="ASTRO2X"><chapter url_name="week2" display_name="Week 2">
<sequential url_name="start" display_name="Start"><vertical url_name="summary" display_name="Summary">
<problem url_name="sum" max_attempts="1">1+1</problem></vertical></sequential>
<sequential url_name="end" display_name="End"/><!-- --></chapter></course>"""
QUERY = re.compile(r"^```graphql\n(.*?)^```(?:\n+```json\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
QUERIES = [
    pytest.param(query, answer, id=f"{page.name}-{number}")
    for page in PAGES
    if page.name not in {STORY, JOBS, CONTRACTS, TRANSFER, INSTANCES}  # run over what they are about, elsewhere
    for number, (query, answer) in enumerate(QUERY.findall(page.read_text()))
]


def test_every_error_code_is_documented_and_every_documented_one_exists() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "errors.md").read_text(), flags=re.MULTILINE)

    assert sorted(rows) == sorted([*Code, *Reason, *JobErrorCode])
    assert sorted(UserErrorCode.__members__) == sorted(Reason)


def test_every_setting_that_is_mentioned_exists() -> None:
    """In the documentation and in what the server says."""
    known = {variable(field) for field in Settings.model_fields}
    pages = [*PAGES, *(ROOT / "server").rglob("*.py")]
    mentioned = {name for page in pages for name in re.findall(r"\bCOLLEGIUM_[A-Z_]*[A-Z]\b", page.read_text())}

    assert not {name for name in mentioned if not name.startswith("COLLEGIUM_TEST_")} - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", page.read_text())

    assert page.read_text().startswith("# ")
    for link in links:
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize(("query", "answer"), QUERIES)
async def test_every_query_is_answered(query: str, answer: str, asking: Asking, tmp_path: Path) -> None:
    if f'"{EDITED_RUN}"' in query or "exportLearners" in query:
        asking = await with_content(asking.database, tmp_path)
    response = await asking.response(query, viewer=ADMIN)

    if answer:
        assert shape(response) == shape(json.loads(answer))
    else:
        assert "errors" not in response
        assert any(response["data"].values())


async def with_content(database: Database, folder: Path) -> Asking:
    """The run that the page on editing is about, and the one before it, with a course as their content."""
    store = Store(database, open_blobs(folder / "blobs"))
    for run in await add_runs(database, "1T2026", "2T2026", number="ASTRO2X"):
        await imported(store, run, {"course.xml": EDITED})
    return Asking(database, courses=Courses(store))


def shape(value: Any) -> Any:
    """What an answer that is printed has in common with one over other data: names, nulls, and codes of errors."""
    match value:
        case {"code": code, **others}:
            return {"code": code} | {name: shape(each) for name, each in others.items()}
        case dict():
            return {name: shape(each) for name, each in value.items()}
        case list() | tuple():
            return [shape(each) for each in value]
    return type(value).__name__
