"""Templates of certificates, by program and by category.

Revision: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate_template",
        sa.Column("id", db.types.Key, nullable=False),
        sa.Column("program_id", db.types.Key, nullable=True),
        sa.Column("category_id", db.types.Key, nullable=True),
        sa.Column("source", db.types.text(), nullable=False),
        sa.Column("updated_at", db.types.Instant(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(program_id IS NULL) <> (category_id IS NULL)", name=op.f("ck_certificate_template_scope")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["program_category.id"], name=op.f("fk_certificate_template_category_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_certificate_template_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_template")),
        sa.UniqueConstraint("category_id", name=op.f("uq_certificate_template_category_id")),
        sa.UniqueConstraint("program_id", name=op.f("uq_certificate_template_program_id")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("certificate_template")
