"""Client applications, trusted documents, and the versions of what processes keep of them.

Revision: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    versions = op.create_table(
        "cache_version",
        sa.Column("name", db.types.text(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cache_version")),
    )
    op.bulk_insert(versions, [{"name": name, "version": 0} for name in ("applications", "documents")])
    op.create_table(
        "client_application",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_id", db.types.text(64), nullable=False),
        sa.Column("name", db.types.text(255), nullable=False),
        sa.Column("username", db.types.text(255), nullable=False),
        sa.Column("role", db.types.text(32), nullable=False),
        sa.Column("scopes", db.types.text(255), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("secret_hash", db.types.text(64), nullable=False),
        sa.Column("previous_hash", db.types.text(64), nullable=True),
        sa.Column("previous_until", db.types.Instant(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", db.types.Instant(timezone=True), nullable=False),
        sa.Column("disabled_at", db.types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_application")),
        sa.UniqueConstraint("client_id", name=op.f("uq_client_application_client_id")),
    )
    op.create_table(
        "trusted_document",
        sa.Column("digest", db.types.text(64), nullable=False),
        sa.Column("source", db.types.text(), nullable=False),
        sa.Column("name", db.types.text(255), nullable=False),
        sa.Column("added_at", db.types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_trusted_document")),
    )


def downgrade() -> None:
    op.drop_table("trusted_document")
    op.drop_table("client_application")
    op.drop_table("cache_version")
