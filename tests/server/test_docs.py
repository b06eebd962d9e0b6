"""What the page on operation says of logs and numbers is what the code does."""

import re
from datetime import UTC, datetime
from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from db.engine import open_database
from edx import http
from server import metrics
from server.content.counting import ContentCounts
from server.health import LmsWatch, Readiness
from server.jobs.counting import JobCounts
from server.observing import observe, tell
from server.settings import load
from server.upstream import open_lms

ROOT = Path(__file__).parents[2]
ROOMS = ("schema", "resolvers", "db", "edx", "ondisk", "server")
PAGE = (ROOT / "docs" / "operations.md").read_text()


def column(heading: str) -> set[str]:
    """The names in the first column of the table below a heading of the page."""
    below = PAGE.partition(f"{heading}\n")[2].partition("\n#")[0]
    return set(re.findall(r"^\| `(\w+)` \|", below, re.MULTILINE))


async def test_the_fields_of_an_operation_s_line_are_documented(spans: InMemorySpanExporter) -> None:
    seen = observe("{ a }", "A", "ada", "an application")
    before = http.request_id.set("r-1")
    with seen:
        pass
    http.request_id.reset(before)
    tell()

    assert column("### Operations") == set(seen.told())


def test_the_events_of_the_log_are_documented() -> None:
    said = re.compile(r"\blog(?:ger)?\.(?:debug|info|warning|error)\(\s*\"(\w+)\"", re.DOTALL)
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "simulator" not in path.parts]
    events = {event for path in sources for event in said.findall(path.read_text())}

    assert len(events) > 10
    assert column("### Other events") == events - {"operation"}


def test_the_metrics_are_documented_and_every_documented_one_exists(tmp_path: Path) -> None:
    (tmp_path / "a.db-wal").touch()
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    watch = LmsWatch(lambda: open_lms(load()))
    watch.last_success = datetime(2026, 11, 21, tzinfo=UTC)
    standing = metrics.Standing(database, Readiness(database, watch))
    counts = JobCounts(database), ContentCounts(database)
    families = [*metrics.REGISTRY.collect(), *(each for kind in (standing, *counts) for each in kind.collect())]

    ours = {family.name + "_total" * (family.type == "counter") for family in families}
    assert column("## Metrics") == {name for name in ours if name.startswith("collegium_")}
