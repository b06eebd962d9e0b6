"""Trusted documents in the database."""

import pytest

from db.engine import Database
from schema import schema
from server.documents.store import add, all_of, checked, remove
from server.documents.trusted import digest_of
from server.failures import Failure
from server.limits import Limits
from server.operations import Documents
from server.profiles import Profile

A = "query A { health { status } }"
B = "query B { health { version } } mutation C { __typename }"


def reader(limits: Limits | None = None) -> Documents:
    return Documents(schema()._schema, Profile(limits or Limits()))


def test_documents_are_named_by_their_operations() -> None:
    assert checked([A, B, "{ __typename }"], reader()) == {A: "A", B: "B, C", "{ __typename }": "(without a name)"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Syntax Error"),
        ("{ nonsense }", "Cannot query field 'nonsense'"),
        ("{ health { status version database } }", "fields with fragments opened: 4"),
    ],
)
def test_a_document_that_would_never_run_is_refused(text: str, problem: str) -> None:
    with pytest.raises(Failure, match=f"sha256:{digest_of(text)}: .*{problem}"):
        checked([A, text], reader(Limits(fields=3)))


async def test_documents_are_added_once(database: Database) -> None:
    async with database.writing() as session:
        added = [await add(session, each) for each in ({A: "A"}, {A: "A", B: "B, C"}, {B: "B, C"})]
        listed = await all_of(session)

    assert added == [1, 1, 0]
    assert [(each.name, each.digest, each.source) for each in listed] == [
        ("A", digest_of(A), A),
        ("B, C", digest_of(B), B),
    ]


async def test_documents_are_removed_all_or_none(database: Database) -> None:
    async with database.writing() as session:
        await add(session, {A: "A", B: "B"})
    with pytest.raises(Failure, match="there is no document sha256:0"):
        async with database.writing() as session:
            await remove(session, [f"sha256:{digest_of(A)}", "sha256:0"])
    async with database.writing() as session:
        await remove(session, [digest_of(B)])
        left = await all_of(session)

    assert [each.name for each in left] == ["A"]
