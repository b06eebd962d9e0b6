"""Course content: nodes, blobs, and the versions of runs.

Revision: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_node",
        sa.Column("digest", db.types.text(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("leased_until", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_content_node")),
    )
    op.create_index(op.f("ix_content_node_leased_until"), "content_node", ["leased_until"])
    op.create_table(
        "content_blob",
        sa.Column("digest", db.types.text(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("location", db.types.text(255), nullable=False),
        sa.Column("leased_until", db.types.Instant(timezone=True), nullable=False),
        sa.Column("tombstoned_at", db.types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_content_blob")),
        sa.UniqueConstraint("location", name=op.f("uq_content_blob_location")),
    )
    op.create_index(op.f("ix_content_blob_leased_until"), "content_blob", ["leased_until"])
    op.create_index(op.f("ix_content_blob_tombstoned_at"), "content_blob", ["tombstoned_at"])
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "content_version",
        sa.Column("id", key, nullable=False),
        sa.Column("course_run_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("root", db.types.text(64), nullable=False),
        sa.Column("frame", db.types.text(64), nullable=False),
        sa.Column("parent", db.types.text(64), nullable=True),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("application", db.types.text(255), nullable=True),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("operation", db.types.text(64), nullable=False),
        sa.Column("message", db.types.text(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("used_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("expired_at", db.types.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_version_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_version")),
        sa.UniqueConstraint("course_run_id", "number", name=op.f("uq_content_version_course_run_id_number")),
    )
    op.create_index(op.f("ix_content_version_course_run_id_root"), "content_version", ["course_run_id", "root"])
    op.create_index(op.f("ix_content_version_expired_at"), "content_version", ["expired_at"])
    op.create_table(
        "content_head",
        sa.Column("course_run_id", key, nullable=False, autoincrement=False),
        sa.Column("version_id", key, nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_content_head_course_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["content_version.id"], name=op.f("fk_content_head_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", name=op.f("pk_content_head")),
    )
    op.create_index(op.f("ix_content_head_version_id"), "content_head", ["version_id"])
    op.create_table(
        "content_pin",
        sa.Column("version_id", key, nullable=False),
        sa.Column("name", db.types.text(255), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["content_version.id"], name=op.f("fk_content_pin_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_content_pin")),
    )


def downgrade() -> None:
    for table in ("content_pin", "content_head", "content_version", "content_blob", "content_node"):
        op.drop_table(table)
