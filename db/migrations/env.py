"""Runs revisions on the connection that `db.migrate` opened."""

from alembic import context
from sqlalchemy import text

from db.tables import Base

# Any fixed number: processes that migrate PostgreSQL at the same time wait for each other under it.
MIGRATION_LOCK = 7253001

connection = context.config.attributes["connection"]
sqlite = connection.dialect.name == "sqlite"
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=sqlite,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    if not sqlite:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    context.run_migrations()
    if sqlite and (orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"rows without the row they refer to: {orphans[:5]}")
