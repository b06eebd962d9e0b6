"""The versions of their sources that runs have taken, and branches of histories.

Revision: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KNOWN = """
INSERT INTO content_source (course_run_id, version_id, username, at)
SELECT course_run_id, id, username, at FROM content_version AS entry
WHERE operation IN ('import', 'update', 're-run') AND expired_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM content_version AS later
    WHERE later.course_run_id = entry.course_run_id AND later.number > entry.number
        AND later.operation IN ('import', 'update', 're-run') AND later.expired_at IS NULL
)
"""


def upgrade() -> None:
    branch = sa.Column("branch", db.types.text(16), nullable=False, server_default="published")
    op.add_column("content_version", branch)
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "content_source",
        sa.Column("course_run_id", key, nullable=False, autoincrement=False),
        sa.Column("version_id", key, nullable=False),
        sa.Column("from_run_id", key, nullable=True),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_source_course_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["content_version.id"], name=op.f("fk_content_source_version_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_run_id"], ["course_run.id"], name=op.f("fk_content_source_from_run_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("course_run_id", name=op.f("pk_content_source")),
    )
    op.create_index(op.f("ix_content_source_version_id"), "content_source", ["version_id"])
    op.create_index(op.f("ix_content_source_from_run_id"), "content_source", ["from_run_id"])
    op.execute(KNOWN)


def downgrade() -> None:
    op.drop_table("content_source")
    op.drop_column("content_version", "branch")
