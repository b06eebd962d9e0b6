"""What Open edX instances have of the content of runs.

Revision: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATES = ("pushing", "pushed", "failed", "canceled")


def upgrade() -> None:
    op.create_table(
        "instance_content",
        sa.Column(
            "course_run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("instance", db.types.text(64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="pushstate", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("words", db.types.text(), nullable=True),
        sa.Column("pushed_version", db.types.text(64), nullable=True),
        sa.Column("pushed_digest", db.types.text(64), nullable=True),
        sa.Column("pushed_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("pushed_by", db.types.text(255), nullable=True),
        sa.Column("baseline", db.types.text(64), nullable=True),
        sa.Column("pulled_version", db.types.text(64), nullable=True),
        sa.Column("pulled_digest", db.types.text(64), nullable=True),
        sa.Column("pulled_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("pulled_by", db.types.text(255), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_run_id"], ["course_run.id"], name=op.f("fk_instance_content_course_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_run_id", "instance", name=op.f("pk_instance_content")),
    )


def downgrade() -> None:
    op.drop_table("instance_content")
