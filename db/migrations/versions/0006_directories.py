"""Courses kept as directories: sites, levels, runs, members; and runs that only their members see.

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("course", "course_run"):
        op.add_column(table, sa.Column("is_restricted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "directory_site",
        sa.Column("id", _key(), nullable=False),
        sa.Column("name", db.types.text(255), nullable=False),
        sa.Column("name_folded", db.types.text(255), nullable=False),
        sa.Column("root", db.types.text(), nullable=False),
        sa.Column("organization_id", _key(), nullable=False),
        sa.Column("parent_id", _key(), nullable=True),
        sa.Column("synchronized_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_directory_site_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["directory_site.id"], name=op.f("fk_directory_site_parent_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_site")),
        sa.UniqueConstraint("name", name=op.f("uq_directory_site_name")),
        sa.UniqueConstraint("name_folded", name=op.f("uq_directory_site_name_folded")),
    )
    for column in ("organization_id", "parent_id"):
        op.create_index(op.f(f"ix_directory_site_{column}"), "directory_site", [column])
    op.create_table(
        "directory_level",
        sa.Column("id", _key(), nullable=False),
        sa.Column("site_id", _key(), nullable=False),
        sa.Column("parent_id", _key(), nullable=True),
        sa.Column("path", db.types.text(), nullable=False),
        sa.Column("name", db.types.text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["directory_level.id"], name=op.f("fk_directory_level_parent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["directory_site.id"], name=op.f("fk_directory_level_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_level")),
        sa.UniqueConstraint("site_id", "path", name=op.f("uq_directory_level_site_id_path")),
    )
    op.create_index(op.f("ix_directory_level_parent_id"), "directory_level", ["parent_id"])
    _create_runs()


def _create_runs() -> None:
    op.create_table(
        "directory_run",
        sa.Column("course_run_id", _key(), nullable=False),
        sa.Column("site_id", _key(), nullable=False),
        sa.Column("level_id", _key(), nullable=True),
        sa.Column("parent_run_id", _key(), nullable=True),
        sa.Column("path", db.types.text(), nullable=False),
        sa.Column("ntiid", db.types.text(), nullable=False),
        sa.Column("content", db.types.text(), nullable=False),
        sa.Column("digest", db.types.text(64), nullable=False),
        sa.Column("files", db.types.text(), nullable=False),
        sa.Column("diagnostics", db.types.text(), nullable=False),
        sa.Column("fingerprint", db.types.text(64), nullable=True),
        sa.Column("stamp", db.types.text(64), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_directory_run_course_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["level_id"], ["directory_level.id"], name=op.f("fk_directory_run_level_id")),
        sa.ForeignKeyConstraint(["parent_run_id"], ["course_run.id"], name=op.f("fk_directory_run_parent_run_id")),
        sa.ForeignKeyConstraint(["site_id"], ["directory_site.id"], name=op.f("fk_directory_run_site_id")),
        sa.PrimaryKeyConstraint("course_run_id", name=op.f("pk_directory_run")),
        sa.UniqueConstraint("site_id", "path", name=op.f("uq_directory_run_site_id_path")),
        sa.UniqueConstraint("ntiid", "site_id", name=op.f("uq_directory_run_ntiid_site_id")),
    )
    for column in ("level_id", "parent_run_id"):
        op.create_index(op.f(f"ix_directory_run_{column}"), "directory_run", [column])
    op.create_table(
        "directory_site_run",
        sa.Column("site_id", _key(), nullable=False),
        sa.Column("course_run_id", _key(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_directory_site_run_course_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["directory_site.id"], name=op.f("fk_directory_site_run_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "course_run_id", name=op.f("pk_directory_site_run")),
    )
    op.create_index(op.f("ix_directory_site_run_course_run_id"), "directory_site_run", ["course_run_id"])
    op.create_table(
        "directory_member",
        sa.Column("course_run_id", _key(), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("role", db.types.text(64), nullable=False),
        sa.Column("since", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_directory_member_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", "username", "role", name=op.f("pk_directory_member")),
    )
    op.create_index(op.f("ix_directory_member_username"), "directory_member", ["username"])


def downgrade() -> None:
    for name in ("member", "site_run", "run", "level", "site"):
        op.drop_table(f"directory_{name}")
    for table in ("course", "course_run"):
        op.drop_column(table, "is_restricted")
