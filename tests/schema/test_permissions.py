"""Nobody changes anything without the right to, whatever mutation there is: walked from the schema itself."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLScalarType,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy import func, select

from db.engine import Database
from db.tables import AuditEntry, Program
from resolvers.access import ANONYMOUS, Viewer
from schema import schema
from tests.asking import LEARNER, Asking
from tests.catalog import uuid

SCHEMA = schema()._schema
MUTATIONS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}
ACTIVE = f"Program:{uuid(1)}"
FITTING = {
    "course": "Org0X+C0.0x",
    "courses": "Org0X+C0.0x",
    "organization": "Org0X",
    "organizations": "Org0X",
    "run": "course-v1:Org0X+C0.0x+R0",
}
"""Texts that name something that is there, by the field that takes them; others may be anything."""

KEYS = {"Organization": "Org0X", "Course": "Org0X+C0.0x", "CourseRun": "course-v1:Org0X+C0.0x+R0"}


@pytest.fixture
def dialect() -> str:
    """Rights are looked at before any database."""
    return "sqlite"


def example(kind: GraphQLInputType, name: str, mutation: str) -> Any:
    """A value of a type, for the input field `name`: what is required, and the first choice of several."""
    bare = get_nullable_type(kind)
    if is_list_type(bare):
        return [example(bare.of_type, name, mutation)]
    if isinstance(bare, GraphQLInputObjectType):
        fields = bare.fields.items()
        is_one_of = bare.extensions["strawberry-definition"].is_one_of
        wanted = list(fields)[:1] if is_one_of else [each for each in fields if is_non_null_type(each[1].type)]
        return {field: example(each.type, field, mutation) for field, each in wanted}
    if isinstance(bare, GraphQLEnumType):
        return next(iter(bare.values))
    assert isinstance(bare, GraphQLScalarType)
    if name == "key":
        return next((key for noun, key in reversed(KEYS.items()) if mutation.endswith(noun)), KEYS["CourseRun"])
    texts = {"ID": ACTIVE, "String": FITTING.get(name, "Anything"), "Int": 0, "Boolean": True, "Float": 0.5}
    return texts.get(bare.name, "2026-11-21T00:00:00Z")


OWN = {"cancelJob", "dropDirectoryRun", "enrollInDirectoryRun", "leaveProgram", "refreshEnrollments", "retryJob"}
"""What learners do about themselves, and about the jobs that they asked for."""


@pytest.mark.parametrize(
    ("mutation", "viewer", "code"),
    [
        *((name, ANONYMOUS, "UNAUTHENTICATED") for name in MUTATIONS),
        *((name, LEARNER, "FORBIDDEN") for name in MUTATIONS if name not in OWN),
    ],
)
async def test_a_mutation_needs_a_right(
    asking: Asking, database: Database, mutation: str, viewer: Viewer, code: str
) -> None:
    """§2.8: 401 for nobody, 403 for learners; nothing is changed, and nothing is told of what there is."""
    kind = MUTATIONS[mutation].args["input"].type
    query = f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
    before = await state(database)

    error = await asking.error(query, {"input": example(kind, "input", mutation)}, viewer=viewer)

    assert error["extensions"]["code"] == code
    assert await state(database) == before


async def state(database: Database) -> Any:
    """What every change of a program, and every entry of the audit log, would change."""
    async with database.writing() as session:
        revisions = (
            await session.execute(select(Program.id, Program.revision, Program.status).order_by(Program.id))
        ).all()
        return revisions, await session.scalar(select(func.count()).select_from(AuditEntry))
