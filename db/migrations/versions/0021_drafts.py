"""Drafts of the content of runs.

Revision: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "content_draft",
        sa.Column("course_run_id", key, nullable=False, autoincrement=False),
        sa.Column("version_id", key, nullable=False),
        sa.Column("base_id", key, nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_draft_course_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["content_version.id"], name=op.f("fk_content_draft_version_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["base_id"], ["content_version.id"], name=op.f("fk_content_draft_base_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", name=op.f("pk_content_draft")),
    )
    op.create_index(op.f("ix_content_draft_version_id"), "content_draft", ["version_id"])
    op.create_index(op.f("ix_content_draft_base_id"), "content_draft", ["base_id"])


def downgrade() -> None:
    op.drop_table("content_draft")
