"""Categories of programs as data: those that Open edX knows, with the modes that count for completion.

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CATEGORIES = (
    ("xseries", "XSeries", True, ("verified",)),
    ("micromasters", "MicroMasters", False, ("verified",)),
    ("professional-certificate", "Professional Certificate", False, ("no-id-professional", "professional", "verified")),
    ("microbachelors", "MicroBachelors", False, ("verified",)),
    ("masters", "Masters", False, ("masters",)),
)
"""Slug, name for people, whether active programs need a marketing slug, and modes."""

category = sa.table(
    "program_category",
    sa.column("id", sa.BigInteger),
    sa.column("slug", sa.String),
    sa.column("display_name", sa.String),
    sa.column("needs_marketing_slug", sa.Boolean),
)
mode = sa.table("program_category_mode", sa.column("category_id", sa.BigInteger), sa.column("mode_slug", sa.String))


def upgrade() -> None:
    connection = op.get_bind()
    known = {slug: id_ for id_, slug in connection.execute(sa.select(category.c.id, category.c.slug))}
    with_modes = set(connection.scalars(sa.select(mode.c.category_id)))
    for slug, name, needs_slug, modes in CATEGORIES:
        if slug not in known:
            values = {"slug": slug, "display_name": name, "needs_marketing_slug": needs_slug}
            known[slug] = connection.execute(sa.insert(category).values(values).returning(category.c.id)).scalar_one()
        elif needs_slug:
            connection.execute(sa.update(category).where(category.c.slug == slug).values(needs_marketing_slug=True))
        if known[slug] not in with_modes:
            rows = [{"category_id": known[slug], "mode_slug": each} for each in modes]
            connection.execute(sa.insert(mode), rows)


def downgrade() -> None:
    """Leave them: programs may be of these categories."""
