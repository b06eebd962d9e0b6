"""Authoring of programs: grants, history, idempotency keys, learners' associations, modes of categories.

Revision: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column(
            "username",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "operation",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "fingerprint",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "result",
            sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username", "operation", "key", name=op.f("pk_idempotency_key")),
    )
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_key_created_at"), ["created_at"], unique=False)

    op.create_table(
        "program_category_mode",
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mode_slug",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["program_category.id"],
            name=op.f("fk_program_category_mode_category_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("category_id", "mode_slug", name=op.f("pk_program_category_mode")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.Column(
            "username",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "application",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "action",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "subject",
            sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("changes", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_audit_entry_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_program_id_id"), ["program_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_subject"), ["subject"], unique=False)

    op.create_table(
        "program_user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "username",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "completed",
                "deleted",
                name="programuserstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "source",
            sa.String(length=32).with_variant(sa.String(length=32, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("updated_at", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_program_user_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_user")),
        sa.UniqueConstraint("username", "program_id", name=op.f("uq_program_user_username_program_id")),
    )
    with op.batch_alter_table("program_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_user_program_id"), ["program_id"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "username",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "role", sa.String(length=32).with_variant(sa.String(length=32, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "granted_by",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("granted_at", db.types.Instant(timezone=True), nullable=False),
        sa.CheckConstraint("(organization_id IS NULL) <> (program_id IS NULL)", name=op.f("ck_role_grant_scope")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_role_grant_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_role_grant_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "username", "role", "organization_id", name=op.f("uq_role_grant_username_role_organization_id")
        ),
        sa.UniqueConstraint("username", "role", "program_id", name=op.f("uq_role_grant_username_role_program_id")),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grant_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_role_grant_program_id"), ["program_id"], unique=False)

    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("image_url", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True)
        )

    with op.batch_alter_table("program_category", schema=None) as batch_op:
        batch_op.add_column(sa.Column("needs_marketing_slug", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("program_course_run_mode", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_unavailable", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("program_course_run_mode", schema=None) as batch_op:
        batch_op.drop_column("is_unavailable")

    with op.batch_alter_table("program_category", schema=None) as batch_op:
        batch_op.drop_column("needs_marketing_slug")

    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.drop_column("image_url")

    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_grant_program_id"))
        batch_op.drop_index(batch_op.f("ix_role_grant_organization_id"))

    op.drop_table("role_grant")
    with op.batch_alter_table("program_user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_user_program_id"))

    op.drop_table("program_user")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_program_id_id"))

    op.drop_table("audit_entry")
    op.drop_table("program_category_mode")
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_key_created_at"))

    op.drop_table("idempotency_key")
