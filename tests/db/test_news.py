"""News of transactions across a connection that is lost, on PostgreSQL."""

import asyncio

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from db.engine import Database
from db.news import News, tell

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.news.PAUSE", 0.05)


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_who_loses_the_connection_listens_on_another_and_is_told_that_news_were_missed(
    database: Database,
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with database.news.listening("things", heard.put_nowait):
        assert await heard.get() == ""
        async with database.writing() as session:
            await session.execute(text(CUT))
        assert await heard.get() == ""
        async with database.writing() as session:
            await tell(session, "things", "new")
        assert await heard.get() == "new"


async def test_a_database_that_cannot_be_reached_is_asked_again_and_again() -> None:
    news = News("postgresql://nobody@127.0.0.1:1/none")
    with capture_logs() as lines, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), news.listening("things", lambda _: None):
            await asyncio.Event().wait()
    await news.aclose()
    assert {line["event"] for line in lines} == {"news_not_heard"}
