"""Settings of runs that updates from their sources leave as they are.

Revision: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_protection",
        sa.Column(
            "course_run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("settings", db.types.text(), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_protection_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", name=op.f("pk_content_protection")),
    )


def downgrade() -> None:
    op.drop_table("content_protection")
