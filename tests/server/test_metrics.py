"""The page of numbers, and who may see it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from structlog.testing import capture_logs

from db.engine import Database, open_database
from db.tables import Job, JobState, now
from server.health import LmsWatch, Readiness
from server.jobs.counting import JobCounts
from server.metrics import Standing, route
from server.observing import observe, tell
from server.settings import load
from server.upstream import open_lms


@asynccontextmanager
async def asking(database: Database, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    watch = LmsWatch(lambda: open_lms(load()))
    watch.last_success = datetime(2026, 11, 21, tzinfo=UTC)
    standing, counts = Standing(database, Readiness(database, watch)), JobCounts(database)

    async def before() -> None:
        tell()
        await counts.count()

    app = Starlette(routes=[route("/metrics", standing, counts, before=before, token=token)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_what_has_just_ended_is_on_the_page(database: Database) -> None:
    async with asking(database) as client:
        with observe("{ a }") as seen:
            seen.kind, seen.outcome = "subscription", "METRICS_TEST"
        page = await client.get("/metrics")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain; version=")
    assert 'collegium_operations_total{kind="subscription",outcome="METRICS_TEST"} ' in page.text
    assert 'collegium_operation_seconds_bucket{kind="subscription",le="0.001"}' in page.text
    assert "collegium_lms_last_success_timestamp_seconds 1.7952192e+09" in page.text
    assert 'collegium_info{version="' in page.text
    assert "process_resident_memory_bytes " in page.text


async def test_the_size_of_sqlite_s_log_is_a_number(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(text("CREATE TABLE something (n INTEGER)"))
    async with asking(database) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    sizes = [float(line.split()[1]) for line in lines if line.startswith("collegium_sqlite_wal_bytes ")]
    assert (database.dialect.name == "sqlite") == bool(sizes)
    assert all(size > 0 for size in sizes)


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "JWT plainly-a-test-token"])
async def test_with_a_token_only_its_bearer_sees_the_page(database: Database, authorization: str | None) -> None:
    async with asking(database, "plainly-ä-test-token") as client:
        headers = {} if authorization is None else {"authorization": authorization}
        refused = await client.get("/metrics", headers=headers)
        shown = await client.get("/metrics", headers={b"authorization": "Bearer plainly-ä-test-token".encode()})
    assert (refused.status_code, refused.headers["www-authenticate"], refused.text) == (401, "Bearer", "")
    assert shown.status_code == 200


async def test_jobs_are_counted_by_kind_and_state_and_queues_by_what_waits(database: Database) -> None:
    moment = now() - timedelta(minutes=1)
    states = [(JobState.QUEUED, None), (JobState.QUEUED, now() + timedelta(hours=1)), (JobState.FAILED, None)]
    async with database.writing() as session:
        session.add_all(
            Job(
                uuid=str(uuid4()), kind="COUNT", queue="default", subject="Course:MITx+1x", state=state, input="{}",
                max_attempts=3, created_at=moment, not_before=later, started_at=moment,
                finished_at=moment + timedelta(seconds=7) if state is JobState.FAILED else None,
            )
            for state, later in states
        )  # fmt: skip
    async with asking(database) as client:
        page = (await client.get("/metrics")).text

    assert 'collegium_jobs{kind="COUNT",state="queued"} 2.0' in page
    assert 'collegium_jobs{kind="COUNT",state="failed"} 1.0' in page
    assert 'collegium_jobs_lasted_seconds{kind="COUNT",state="failed"} 7.0' in page
    assert 'collegium_job_queue{queue="default"} 1.0' in page
    [waits] = re.findall(r'collegium_job_queue_wait_seconds{queue="default"} ([\d.]+)', page)
    assert 60 <= float(waits) < 120


async def test_jobs_are_not_counted_while_the_database_does_not_answer_nor_again_at_once(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    counts = JobCounts(database)
    with capture_logs() as lines:
        await counts.count()
        await counts.count()
    await database.close()

    assert [line["event"] for line in lines] == ["jobs_not_counted"]
    assert [metric.samples for metric in counts.collect()] == [[], [], [], []]
