"""Learners: what the LMS has of them and as of when, what it told of them, and certificates of programs.

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learner",
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("enrollments_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("certificates_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("outdated_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("changed_at", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_learner")),
    )
    op.create_index(op.f("ix_learner_changed_at"), "learner", ["changed_at"])
    op.create_table(
        "learner_enrollment",
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("course_key", db.types.text(255), nullable=False),
        sa.Column("mode", db.types.text(255), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("enrolled_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("known_at", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username", "course_key", name=op.f("pk_learner_enrollment")),
    )
    op.create_index(op.f("ix_learner_enrollment_course_key"), "learner_enrollment", ["course_key"])
    op.create_table(
        "learner_certificate",
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("course_key", db.types.text(255), nullable=False),
        sa.Column("mode", db.types.text(255), nullable=False),
        sa.Column("is_passing", sa.Boolean(), nullable=False),
        sa.Column("grade", db.types.text(255), nullable=False),
        sa.Column("download_url", db.types.text(), nullable=True),
        sa.Column("awarded_at", db.types.Instant(timezone=True), nullable=True),
        sa.Column("known_at", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username", "course_key", name=op.f("pk_learner_certificate")),
    )
    op.create_index(op.f("ix_learner_certificate_course_key"), "learner_certificate", ["course_key"])
    op.create_table(
        "learner_event",
        sa.Column("id", db.types.text(255), nullable=False),
        sa.Column("kind", db.types.text(64), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("course_key", db.types.text(255), nullable=False),
        sa.Column("facts", db.types.text(), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("received_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("due_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("done_at", db.types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learner_event")),
    )
    op.create_index(op.f("ix_learner_event_done_at_due_at"), "learner_event", ["done_at", "due_at"])
    op.create_index(op.f("ix_learner_event_username"), "learner_event", ["username"])
    op.create_table(
        "program_certificate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", db.types.text(36), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("awarded_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("revoked_at", db.types.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_program_certificate_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_certificate")),
        sa.UniqueConstraint("username", "program_id", name=op.f("uq_program_certificate_username_program_id")),
        sa.UniqueConstraint("uuid", name=op.f("uq_program_certificate_uuid")),
    )
    op.create_index(op.f("ix_program_certificate_program_id"), "program_certificate", ["program_id"])
    op.add_column("program_user", sa.Column("completed_at", db.types.Instant(timezone=True), nullable=True))
    op.drop_index(op.f("ix_program_user_program_id"), table_name="program_user")
    op.create_index(op.f("ix_program_user_program_id_username"), "program_user", ["program_id", "username"])


def downgrade() -> None:
    op.drop_index(op.f("ix_program_user_program_id_username"), table_name="program_user")
    op.create_index(op.f("ix_program_user_program_id"), "program_user", ["program_id"])
    op.drop_column("program_user", "completed_at")
    for table in ("program_certificate", "learner_event", "learner_certificate", "learner_enrollment", "learner"):
        op.drop_table(table)
