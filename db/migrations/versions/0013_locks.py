"""Locks on the content of runs.

Revision: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_lock",
        sa.Column(
            "course_run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("fencing", sa.BigInteger(), nullable=False),
        sa.Column("token", db.types.text(64), nullable=True),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("application", db.types.text(255), nullable=True),
        sa.Column("since", db.types.Instant(timezone=True), nullable=False),
        sa.Column("renewed_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_lock_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", name=op.f("pk_content_lock")),
    )


def downgrade() -> None:
    op.drop_table("content_lock")
