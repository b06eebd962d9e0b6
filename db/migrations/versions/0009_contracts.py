"""Contracts: members, managers, programs and courses, designated source runs, and the making of contracts' runs.

Revision: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def instant() -> db.types.Instant:
    return db.types.Instant(timezone=True)


def one_of(*values: str) -> sa.Enum:
    return sa.Enum(*values, native_enum=False, length=32)


def upgrade() -> None:
    _contracts()
    _members()
    _offers()
    _runs()
    _reruns()


def _contracts() -> None:
    op.create_table(
        "contract",
        sa.Column("id", key(), nullable=False),
        sa.Column("organization_id", key(), nullable=False),
        sa.Column("name", db.types.text(255), nullable=False),
        sa.Column("name_folded", db.types.text(), nullable=False),
        sa.Column("description", db.types.text(), nullable=False),
        sa.Column("membership", one_of("managed", "code", "auto"), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("start", instant(), nullable=True),
        sa.Column("end", instant(), nullable=True),
        sa.Column("max_learners", sa.Integer(), nullable=True),
        sa.Column("price_cents", key(), nullable=False),
        sa.Column("welcome", db.types.text(255), nullable=False),
        sa.Column("welcome_details", db.types.text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("membership IN ('managed', 'code', 'auto')", name=op.f("ck_contract_contractmembership")),
        sa.CheckConstraint("max_learners > 0", name=op.f("ck_contract_max_learners")),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_contract_price_cents")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_contract_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_organization_id"), "contract", ["organization_id"])
    op.create_index(op.f("ix_contract_name_folded"), "contract", ["name_folded"])
    with op.batch_alter_table("organization") as batch:
        batch.add_column(sa.Column("slug", db.types.text(255), nullable=True))
        batch.create_unique_constraint(batch.f("uq_organization_slug"), ["slug"])


def _members() -> None:
    for table, owner in (("contract_member", "contract"), ("organization_manager", "organization")):
        op.create_table(
            table,
            sa.Column("id", key(), nullable=False),
            sa.Column(f"{owner}_id", key(), nullable=False),
            sa.Column("username", db.types.text(255), nullable=False),
            sa.Column("added_by", db.types.text(255), nullable=False),
            sa.Column("added_at", instant(), nullable=False),
            sa.ForeignKeyConstraint(
                [f"{owner}_id"], [f"{owner}.id"], name=op.f(f"fk_{table}_{owner}_id"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint(f"{owner}_id", "username", name=op.f(f"uq_{table}_{owner}_id_username")),
        )
        op.create_index(op.f(f"ix_{table}_username"), table, ["username"])


def _offers() -> None:
    op.create_table(
        "contract_program",
        sa.Column("id", key(), nullable=False),
        sa.Column("contract_id", key(), nullable=False),
        sa.Column("program_id", key(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_by", db.types.text(255), nullable=False),
        sa.Column("added_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contract.id"], name=op.f("fk_contract_program_contract_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_contract_program_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_program")),
        sa.UniqueConstraint("contract_id", "program_id", name=op.f("uq_contract_program_contract_id_program_id")),
    )
    op.create_index(op.f("ix_contract_program_program_id"), "contract_program", ["program_id"])
    op.create_table(
        "contract_course",
        sa.Column("id", key(), nullable=False),
        sa.Column("contract_id", key(), nullable=False),
        sa.Column("program_id", key(), nullable=True),
        sa.Column("course_id", key(), nullable=False),
        sa.Column("added_by", db.types.text(255), nullable=False),
        sa.Column("added_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contract.id"], name=op.f("fk_contract_course_contract_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_contract_course_program_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_contract_course_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_course")),
        sa.UniqueConstraint(
            "contract_id", "program_id", "course_id", name=op.f("uq_contract_course_contract_id_program_id_course_id")
        ),
    )
    op.create_index(op.f("ix_contract_course_program_id"), "contract_course", ["program_id"])
    op.create_index(op.f("ix_contract_course_course_id"), "contract_course", ["course_id"])
    where = sa.text("program_id IS NULL")
    op.create_index(
        "uq_contract_course_for_itself", "contract_course", ["contract_id", "course_id"], unique=True,
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip


def _runs() -> None:
    with op.batch_alter_table("course_run") as batch:
        batch.add_column(sa.Column("is_designated", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("contract_id", key(), nullable=True))
        batch.add_column(sa.Column("retired_at", instant(), nullable=True))
        batch.create_foreign_key(batch.f("fk_course_run_contract_id"), "contract", ["contract_id"], ["id"])
        batch.create_index(batch.f("ix_course_run_contract_id"), ["contract_id"])
    with op.batch_alter_table("course_run") as batch:
        batch.alter_column("is_designated", server_default=None)
    where = sa.text("is_designated")
    op.create_index(
        "uq_course_run_designated_source", "course_run", ["course_id"], unique=True,
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip


def _reruns() -> None:
    states = ("planned", "cloning", "configuring", "ready", "failed")
    op.create_table(
        "rerun",
        sa.Column("id", key(), nullable=False),
        sa.Column("state", one_of(*states), nullable=False),
        sa.Column("source_version", db.types.text(64), nullable=True),
        sa.Column("remembered", db.types.text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure_code", db.types.text(64), nullable=True),
        sa.Column("failure", db.types.text(), nullable=True),
        sa.Column("requested_by", db.types.text(255), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.Column("ready_at", instant(), nullable=True),
        sa.CheckConstraint(f"state IN ({', '.join(map(repr, states))})", name=op.f("ck_rerun_rerunstate")),
        sa.ForeignKeyConstraint(["id"], ["course_run.id"], name=op.f("fk_rerun_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rerun")),
    )
    op.create_index(op.f("ix_rerun_state"), "rerun", ["state"])
    op.create_table(
        "rerun_attempt",
        sa.Column("id", key(), nullable=False),
        sa.Column("rerun_id", key(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step", db.types.text(64), nullable=False),
        sa.Column("outcome", db.types.text(64), nullable=False),
        sa.Column("detail", db.types.text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["rerun_id"], ["rerun.id"], name=op.f("fk_rerun_attempt_rerun_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rerun_attempt")),
    )
    op.create_index(op.f("ix_rerun_attempt_rerun_id_id"), "rerun_attempt", ["rerun_id", "id"])


def downgrade() -> None:
    op.drop_table("rerun_attempt")
    op.drop_table("rerun")
    op.drop_index("uq_course_run_designated_source", table_name="course_run")
    with op.batch_alter_table("course_run") as batch:
        batch.drop_index(batch.f("ix_course_run_contract_id"))
        batch.drop_constraint(batch.f("fk_course_run_contract_id"), type_="foreignkey")
        for column in ("retired_at", "contract_id", "is_designated"):
            batch.drop_column(column)
    for table in ("contract_course", "contract_program", "organization_manager", "contract_member"):
        op.drop_table(table)
    with op.batch_alter_table("organization") as batch:
        batch.drop_constraint(batch.f("uq_organization_slug"), type_="unique")
        batch.drop_column("slug")
    op.drop_table("contract")
