"""Teams of course runs in Studio.

Revision: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "studio_member",
        sa.Column(
            "course_run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column(
            "role",
            sa.Enum("instructor", "staff", name="teamrole", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("since", db.types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_studio_member_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", "username", "role", name=op.f("pk_studio_member")),
    )
    op.create_index(op.f("ix_studio_member_username"), "studio_member", ["username"])


def downgrade() -> None:
    op.drop_table("studio_member")
