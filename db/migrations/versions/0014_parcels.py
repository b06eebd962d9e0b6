"""Files on their way in or out.

Revision: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

kinds = sa.Enum("upload", "export", name="parcelkind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "parcel",
        sa.Column("id", db.types.Key, nullable=False),
        sa.Column("uuid", db.types.text(36), nullable=False),
        sa.Column("kind", kinds, nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("application", db.types.text(255), nullable=True),
        sa.Column("name", db.types.text(255), nullable=False),
        sa.Column("metadata", db.types.text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("digest", db.types.text(64), nullable=True),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("finished_at", db.types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        sa.UniqueConstraint("uuid", name=op.f("uq_parcel_uuid")),
    )
    for columns in (["username", "kind"], ["expires_at"]):
        op.create_index(op.f(f"ix_parcel_{'_'.join(columns)}"), "parcel", columns)
    op.create_table(
        "parcel_part",
        sa.Column("parcel_id", db.types.Key, nullable=False, autoincrement=False),
        sa.Column("start", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", db.types.text(64), nullable=False),
        sa.Column("location", db.types.text(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcel.id"], name=op.f("fk_parcel_part_parcel_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("parcel_id", "start", name=op.f("pk_parcel_part")),
    )


def downgrade() -> None:
    op.drop_table("parcel_part")
    op.drop_table("parcel")
