"""How locks ended, and who waits for them.

Revision: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("content_lock") as table:
        table.add_column(sa.Column("ended", db.types.text(16), nullable=True))
    op.create_table(
        "content_lock_wait",
        sa.Column("id", BIG, nullable=False),
        sa.Column("course_run_id", BIG, nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("application", db.types.text(255), nullable=True),
        sa.Column("lapses_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_lock_wait_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_lock_wait")),
    )
    op.create_index(op.f("ix_content_lock_wait_course_run_id_id"), "content_lock_wait", ["course_run_id", "id"])


def downgrade() -> None:
    op.drop_table("content_lock_wait")
    with op.batch_alter_table("content_lock") as table:
        table.drop_column("ended")
