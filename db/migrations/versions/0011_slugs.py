"""Slugs: readable names of sequences and units in courseware paths.

Revision: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_slug",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("course_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", db.types.text(255), nullable=False),
        sa.Column("block_type", db.types.text(255), nullable=False),
        sa.Column("block_name", db.types.text(255), nullable=False),
        sa.Column("slug", db.types.text(100), nullable=False),
        sa.Column("slug_folded", db.types.text(255), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_block_slug_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_slug")),
        sa.UniqueConstraint(
            "course_run_id", "sequence", "slug_folded", name=op.f("uq_block_slug_course_run_id_sequence_slug_folded")
        ),
    )


def downgrade() -> None:
    op.drop_table("block_slug")
