"""What procrastinate, the engine of jobs on PostgreSQL, keeps beside our tables: its own ones, and its functions.

Its jobs are deliveries here: each says that one of our jobs may be taken up. Deferring one is part of whatever
transaction makes or changes the job, so that a rollback leaves neither.
"""

from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import BindParameter, Connection, String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.types import ListOf

TASK = "collegium"
"""The name of the one task: to take up the job whose UUID is the argument `job`."""

PREFIX = "procrastinate_"

_uuids: BindParameter[Any] = bindparam("uuids", type_=ListOf(String()))
_DEFER = text(
    f"""SELECT procrastinate_defer_jobs_v1(array_agg(
    row(queue, '{TASK}', 0, NULL, NULL, jsonb_build_object('job', uuid), not_before)::procrastinate_job_to_defer_v1
    ORDER BY id)) FROM job WHERE uuid = ANY(:uuids)"""  # noqa: S608 -- a constant
).bindparams(_uuids)
_UNINSTALL = text(
    """DO $$ DECLARE each text; BEGIN
    FOR each IN SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE each; END LOOP; END $$"""
)


async def defer(session: AsyncSession, uuids: Collection[str]) -> None:
    """Have these jobs delivered to a worker once the transaction is committed, and not before their time."""
    if session.get_bind().dialect.name == "postgresql" and uuids:
        await session.execute(_DEFER, {"uuids": list(uuids)})


def install(connection: Connection) -> None:
    """Make the engine's tables and functions, in the transaction of a migration."""
    script = _schema().read_text(encoding="utf-8")
    adapted: Any = connection.connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(script))  # one message: it has many commands


def uninstall(connection: Connection) -> None:
    """Remove what `install` made."""
    connection.execute(_UNINSTALL)
    for name in ("events", "periodic_defers", "jobs", "workers"):
        connection.execute(text(f"DROP TABLE {PREFIX}{name} CASCADE"))
    for name in ("job_to_defer_v1", "job_event_type", "job_status"):
        connection.execute(text(f"DROP TYPE {PREFIX}{name} CASCADE"))


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether what the database has under a name is to be compared with our tables: the engine's are its own."""
    return not (kind == "table" and name is not None and name.startswith(PREFIX))


def _schema() -> Path:
    """The engine's script, found without loading the engine, which takes long."""
    found = find_spec("procrastinate")
    assert found is not None  # noqa: S101 -- we depend on it
    return Path(str(found.origin)).parent / "sql" / "schema.sql"
