"""How content is used.

Revision: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_usage",
        sa.Column("period", db.types.Instant(timezone=True), nullable=False),
        sa.Column("operation", db.types.text(64), nullable=False),
        sa.Column("block_type", db.types.text(64), nullable=False),
        sa.Column("outcome", db.types.text(64), nullable=False),
        sa.Column("application", db.types.text(255), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("course_run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "period",
            "operation",
            "block_type",
            "outcome",
            "application",
            "username",
            "course_run_id",
            "slot",
            name=op.f("pk_content_usage"),
        ),
    )
    op.create_table(
        "content_total",
        sa.Column("operation", db.types.text(64), nullable=False),
        sa.Column("block_type", db.types.text(64), nullable=False),
        sa.Column("outcome", db.types.text(64), nullable=False),
        sa.Column("application", db.types.text(255), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation", "block_type", "outcome", "application", name=op.f("pk_content_total")),
    )
    op.create_table(
        "block_type_use",
        sa.Column("block_type", db.types.text(64), nullable=False),
        sa.Column("setting", db.types.text(255), nullable=False),
        sa.Column("code", db.types.text(64), nullable=False),
        sa.Column("course_run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.BigInteger(), nullable=False),
        sa.Column("first_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("last_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("first_version", db.types.text(64), nullable=True),
        sa.Column("last_version", db.types.text(64), nullable=True),
        sa.PrimaryKeyConstraint("block_type", "setting", "code", "course_run_id", name=op.f("pk_block_type_use")),
    )


def downgrade() -> None:
    op.drop_table("block_type_use")
    op.drop_table("content_total")
    op.drop_table("content_usage")
