"""Events about certificates of programs that are told to others.

Revision: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

states = sa.Enum("waiting", "sent", "given_up", name="delivery", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "outgoing_event",
        sa.Column("id", db.types.Key, nullable=False),
        sa.Column("uuid", db.types.text(36), nullable=False),
        sa.Column("kind", db.types.text(64), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("program_id", db.types.Key, nullable=False),
        sa.Column("certificate", db.types.text(36), nullable=False),
        sa.Column("at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("state", states, nullable=False),
        sa.Column("due_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", db.types.text(255), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_outgoing_event_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_event")),
        sa.UniqueConstraint("uuid", name=op.f("uq_outgoing_event_uuid")),
    )
    for columns in (["certificate", "id"], ["program_id"], ["state", "due_at"], ["username"]):
        op.create_index(op.f(f"ix_outgoing_event_{'_'.join(columns)}"), "outgoing_event", columns)


def downgrade() -> None:
    op.drop_table("outgoing_event")
