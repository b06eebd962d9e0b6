"""Operations on content as counters for Prometheus, and that what was counted is written when the server stops."""

from typing import NoReturn

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from db.engine import Database, open_database
from db.errors import DatabaseUnavailable
from resolvers.usage import usage_of
from resolvers.usage.recorder import Done, Usage
from server import parts
from server.app import create_app
from server.content import counting
from server.content.counting import ContentCounts
from server.settings import load

LABELS = 'application="studio",block_type="{}",operation="addBlock",outcome="ok"'


@pytest.fixture
def dialect() -> str:
    return "sqlite"


async def page(database: Database) -> str:
    counts = ContentCounts(database)
    await counts.count()
    return shown(counts)


def shown(counts: ContentCounts) -> str:
    registry = CollectorRegistry()
    registry.register(counts)
    return generate_latest(registry).decode()


async def test_counters_are_those_of_all_processes_and_have_few_labels(database: Database) -> None:
    """What waits in this process is counted, too; users, runs and unknown types are no labels."""
    other = Usage()
    for number in range(3):
        done = Done("addBlock", f"user{number}", "studio", number, "ok", 0.5, {f"strange{number}": 1})
        (other if number else usage_of(database)).note(done)
    await other.flush(database)
    lines = [
        line for line in (await page(database)).splitlines() if not line.startswith("#") and "_created" not in line
    ]
    assert sorted(
        line.replace(LABELS.format(""), "all").replace(LABELS.format("other"), "other") for line in lines
    ) == [
        "collegium_content_operations_total{all} 3.0",
        "collegium_content_operations_total{other} 3.0",
        "collegium_content_seconds_total{all} 1.5",
        "collegium_content_seconds_total{other} 1.5",
    ]


async def test_what_was_counted_is_written_when_the_server_stops(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_database = open_database(database.engine.url)
    monkeypatch.setattr(parts, "open_database", lambda _url: app_database)
    app = create_app(load(database_url=database.engine.url.render_as_string(), run_jobs=False))
    async with app.router.lifespan_context(app):
        usage_of(app_database).note(Done("addBlock", "ada", "studio", 1, "ok", 0.5))
    assert "collegium_content_operations_total{" + LABELS.format("") + "} 1.0" in await page(database)


async def test_what_was_counted_is_good_for_a_while(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    usage, counts = usage_of(database), ContentCounts(database)
    line = "collegium_content_operations_total{" + LABELS.format("") + "}"
    for period, seen in ((counting.PERIOD, 1.0), (counting.PERIOD, 1.0), (0.0, 3.0)):
        monkeypatch.setattr(counting, "PERIOD", period)
        usage.note(Done("addBlock", "ada", "studio", 1, "ok", 0.5))
        await counts.count()
        assert f"{line} {seen}" in shown(counts)


async def test_a_database_that_does_not_answer_leaves_the_other_metrics(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had is not told any more: nobody knows whether it is so."""

    def unavailable() -> NoReturn:
        raise DatabaseUnavailable("the database does not answer")

    monkeypatch.setattr(counting, "PERIOD", 0)
    usage_of(database).note(Done("addBlock", "ada", "studio", 1, "ok", 0.5))
    counts = ContentCounts(database)
    await counts.count()
    assert "_total{" in shown(counts)
    monkeypatch.setattr(database, "reading", unavailable)
    await counts.count()
    assert "_total{" not in shown(counts)
