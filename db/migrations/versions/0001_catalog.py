"""The catalog and the programs.

Revision: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "key_folded",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "prefix",
            sa.Enum("UAI", "B2B", "NONE", name="coursekeyprefix", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "display_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("is_name_customized", sa.Boolean(), nullable=False),
        sa.Column("name_folded", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("logo_url", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("key", name=op.f("uq_organization_key")),
        sa.UniqueConstraint("key_folded", name=op.f("uq_organization_key_folded")),
    )
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organization_name_folded"), ["name_folded"], unique=False)

    op.create_table(
        "program_category",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "slug", sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "display_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_program_category_slug")),
    )
    op.create_table(
        "course",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "number",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "number_folded",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("readable_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "readable_id_folded", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("display_name", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("is_name_customized", sa.Boolean(), nullable=False),
        sa.Column("name_folded", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_course_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("organization_id", "number_folded", name=op.f("uq_course_organization_id_number_folded")),
        sa.UniqueConstraint("readable_id", name=op.f("uq_course_readable_id")),
        sa.UniqueConstraint("readable_id_folded", name=op.f("uq_course_readable_id_folded")),
    )
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_name_folded"), ["name_folded"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_course_organization_id_readable_id"), ["organization_id", "readable_id"], unique=False
        )

    op.create_table(
        "organization_alias",
        sa.Column(
            "alias",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_organization_alias_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_organization_alias")),
    )
    with op.batch_alter_table("organization_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organization_alias_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "program",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "uuid", sa.String(length=36).with_variant(sa.String(length=36, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "name_folded",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "subtitle",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("description", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unpublished",
                "active",
                "retired",
                "deleted",
                name="programstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "marketing_slug",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["program_category.id"], name=op.f("fk_program_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
        sa.UniqueConstraint("name_folded", name=op.f("uq_program_name_folded")),
        sa.UniqueConstraint("uuid", name=op.f("uq_program_uuid")),
    )
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_category_id"), ["category_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_program_status_category_id"), ["status", "category_id"], unique=False)

    op.create_table(
        "course_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "key_folded",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("display_name", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("is_name_customized", sa.Boolean(), nullable=False),
        sa.Column("name_folded", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "short_description", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("image_url", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("start", db.types.Instant(timezone=True), nullable=True),
        sa.Column("end", db.types.Instant(timezone=True), nullable=True),
        sa.Column("enrollment_start", db.types.Instant(timezone=True), nullable=True),
        sa.Column("enrollment_end", db.types.Instant(timezone=True), nullable=True),
        sa.Column(
            "pacing",
            sa.Enum("instructor", "self", name="pacing", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("is_invitation_only", sa.Boolean(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("is_source", sa.Boolean(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "studio",
                "rerun",
                "directory",
                "import",
                name="runorigin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_run_course_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["course_run.id"], name=op.f("fk_course_run_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_run")),
        sa.UniqueConstraint("key", name=op.f("uq_course_run_key")),
        sa.UniqueConstraint("key_folded", name=op.f("uq_course_run_key_folded")),
    )
    with op.batch_alter_table("course_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_run_course_id_key"), ["course_id", "key"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_run_name_folded"), ["name_folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_run_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_run_start"), ["start"], unique=False)

    op.create_table(
        "program_organization",
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_program_organization_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_program_organization_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("program_id", "organization_id", name=op.f("pk_program_organization")),
    )
    with op.batch_alter_table("program_organization", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_organization_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "program_requirement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "all_of",
                "min_number_of",
                "course",
                "program",
                name="requirementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "title",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("minimum", sa.Integer(), nullable=True),
        sa.Column("is_elective", sa.Boolean(), nullable=False),
        sa.Column("course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("required_program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(kind = 'course') = (course_id IS NOT NULL)", name=op.f("ck_program_requirement_course")),
        sa.CheckConstraint(
            "(kind = 'min_number_of') = (minimum IS NOT NULL)", name=op.f("ck_program_requirement_minimum")
        ),
        sa.CheckConstraint(
            "(kind = 'program') = (required_program_id IS NOT NULL)", name=op.f("ck_program_requirement_program")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_program_requirement_course_id")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["program_requirement.id"], name=op.f("fk_program_requirement_parent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_program_requirement_program_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["required_program_id"], ["program.id"], name=op.f("fk_program_requirement_required_program_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_requirement")),
        sa.UniqueConstraint("program_id", "course_id", name=op.f("uq_program_requirement_program_id_course_id")),
        sa.UniqueConstraint("program_id", "sequence", name=op.f("uq_program_requirement_program_id_sequence")),
    )
    with op.batch_alter_table("program_requirement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_requirement_course_id"), ["course_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_program_requirement_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_program_requirement_required_program_id"), ["required_program_id"], unique=False
        )

    op.create_table(
        "program_course_run_mode",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("course_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mode_slug",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "sku",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_program_course_run_mode_course_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_program_course_run_mode_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_course_run_mode")),
        sa.UniqueConstraint(
            "program_id",
            "course_run_id",
            "mode_slug",
            "sku",
            name=op.f("uq_program_course_run_mode_program_id_course_run_id_mode_slug_sku"),
        ),
    )
    with op.batch_alter_table("program_course_run_mode", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_course_run_mode_course_run_id"), ["course_run_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("program_course_run_mode", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_course_run_mode_course_run_id"))

    op.drop_table("program_course_run_mode")
    with op.batch_alter_table("program_requirement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_requirement_required_program_id"))
        batch_op.drop_index(batch_op.f("ix_program_requirement_parent_id"))
        batch_op.drop_index(batch_op.f("ix_program_requirement_course_id"))

    op.drop_table("program_requirement")
    with op.batch_alter_table("program_organization", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_organization_organization_id"))

    op.drop_table("program_organization")
    with op.batch_alter_table("course_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_course_run_start"))
        batch_op.drop_index(batch_op.f("ix_course_run_parent_id"))
        batch_op.drop_index(batch_op.f("ix_course_run_name_folded"))
        batch_op.drop_index(batch_op.f("ix_course_run_course_id_key"))

    op.drop_table("course_run")
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_status_category_id"))
        batch_op.drop_index(batch_op.f("ix_program_category_id"))

    op.drop_table("program")
    with op.batch_alter_table("organization_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organization_alias_organization_id"))

    op.drop_table("organization_alias")
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_course_organization_id_readable_id"))
        batch_op.drop_index(batch_op.f("ix_course_name_folded"))

    op.drop_table("course")
    op.drop_table("program_category")
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organization_name_folded"))

    op.drop_table("organization")
