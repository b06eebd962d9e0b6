"""Jobs, and on PostgreSQL what their engine keeps them in.

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

import db.deliveries
import db.types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", db.types.text(36), nullable=False),
        sa.Column("kind", db.types.text(64), nullable=False),
        sa.Column("queue", db.types.text(64), nullable=False),
        sa.Column("subject", db.types.text(512), nullable=False),
        sa.Column("key", db.types.text(512), nullable=True),
        sa.Column("requested_by", db.types.text(255), nullable=True),
        sa.Column("application", db.types.text(255), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "succeeded",
                "failed",
                "canceled",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("stage", db.types.text(64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("item", db.types.text(512), nullable=True),
        sa.Column("input", db.types.text(), nullable=False),
        sa.Column("memory", db.types.text(), nullable=False),
        sa.Column("result", db.types.text(), nullable=True),
        sa.Column("error_code", db.types.text(64), nullable=True),
        sa.Column("error_message", db.types.text(), nullable=True),
        sa.Column("not_before", db.types.Instant(timezone=True), nullable=True),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("started_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("finished_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("changed_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("cancel_requested_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", db.types.Instant(timezone=True), nullable=True),
        sa.Column("worker", db.types.text(255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("uuid", name=op.f("uq_job_uuid")),
    )
    unfinished = sa.column("finished_at").is_(None)
    op.create_index(
        "uq_job_kind_key_unfinished",
        "job",
        ["kind", "key"],
        unique=True,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    for columns in (["state", "queue", "id"], ["requested_by", "id"], ["kind", "id"], ["subject", "id"]):
        op.create_index(op.f(f"ix_job_{'_'.join(columns)}"), "job", columns)
    op.create_index(op.f("ix_job_finished_at"), "job", ["finished_at"])
    if op.get_bind().dialect.name == "postgresql":
        db.deliveries.install(op.get_bind())


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        db.deliveries.uninstall(op.get_bind())
    op.drop_table("job")
