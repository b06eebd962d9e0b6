"""Documents that are named by their hashes: trusted ones, and automatic persisted queries."""

from typing import Any

import pytest

from db.engine import Database
from resolvers.errors import Code, ServiceUnavailable
from server.applications.fresh import CacheName, Freshness, Kept
from server.documents import trusted
from server.documents.store import add, remove
from server.documents.trusted import KnownDocuments, Trusted, digest_of, load_documents
from server.operations import Refusal

TRUSTED = "query Trusted { health { status } }"
OTHER = "query Other { health { version } }"
ID = f"sha256:{digest_of(TRUSTED)}"


@pytest.fixture
def kept() -> Kept[Trusted]:
    return Kept(CacheName.DOCUMENTS, load_documents)


@pytest.fixture
async def freshness(database: Database, kept: Kept[Trusted]) -> Freshness:
    async with database.writing() as session:
        await add(session, {TRUSTED: "Trusted"})
    freshness = Freshness(database, [kept])
    await freshness.refresh()
    return freshness


@pytest.fixture
def documents(kept: Kept[Trusted], freshness: Freshness) -> KnownDocuments:
    return KnownDocuments(kept)


def persisted(text: str, **changed: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest_of(text), **changed}}


def refusal(
    documents: KnownDocuments, query: str, document_id: str | None, extensions: dict[str, Any] | None = None
) -> Code:
    with pytest.raises(Refusal) as caught:
        documents.text(query, document_id, extensions)
    return caught.value.code


def test_a_hash_is_that_of_the_bytes_of_the_text() -> None:
    assert digest_of("{ é }") == "6ed1179be308ef4c2e705b3e9bdb43678ae4f31bfd35e2b11f9aa3addc48a710"


async def test_a_trusted_document_is_found_by_its_id(documents: KnownDocuments) -> None:
    assert documents.text("", ID) == TRUSTED


async def test_a_query_is_itself(documents: KnownDocuments) -> None:
    assert documents.text(OTHER, None) == OTHER
    assert documents.text(OTHER, None, {"cost": True}) == OTHER


@pytest.mark.parametrize(
    "document_id", ["", "x", "sha256:", f"sha256:{'0' * 64}", ID.removeprefix("sha256:"), ID.upper(), f"{ID}0"]
)
async def test_an_id_that_no_trusted_document_has_is_not_found(documents: KnownDocuments, document_id: str) -> None:
    assert refusal(documents, "", document_id) is Code.PERSISTED_QUERY_NOT_FOUND


async def test_an_id_stands_in_place_of_a_query(documents: KnownDocuments) -> None:
    assert refusal(documents, TRUSTED, ID) is Code.BAD_REQUEST
    assert refusal(documents, "", ID, persisted(TRUSTED)) is Code.BAD_REQUEST


@pytest.mark.parametrize("query", [None, ""])
async def test_a_request_names_some_document(documents: KnownDocuments, query: str) -> None:
    assert refusal(documents, query, None) is Code.BAD_REQUEST


async def test_only_trusted_documents_are_known_to_a_locked_server(documents: KnownDocuments) -> None:
    documents.text(OTHER, None, persisted(OTHER))

    assert (documents.knows(TRUSTED), documents.knows(OTHER)) == (True, False)


async def test_a_removed_document_is_known_no_longer(
    documents: KnownDocuments, database: Database, freshness: Freshness
) -> None:
    async with database.writing() as session:
        await remove(session, [ID])
    await freshness.refresh()

    assert not documents.knows(TRUSTED)
    assert refusal(documents, "", ID) is Code.PERSISTED_QUERY_NOT_FOUND


async def test_before_the_database_was_read_nothing_is_known(kept: Kept[Trusted]) -> None:
    with pytest.raises(ServiceUnavailable):
        KnownDocuments(kept).text("", ID)


async def test_a_client_has_a_document_remembered(documents: KnownDocuments) -> None:
    assert refusal(documents, "", None, persisted(OTHER)) is Code.PERSISTED_QUERY_NOT_FOUND
    assert documents.text(OTHER, None, persisted(OTHER)) == OTHER
    assert documents.text("", None, persisted(OTHER)) == OTHER
    assert documents.text("", None, persisted(OTHER, sha256Hash=digest_of(OTHER).upper())) == OTHER


async def test_a_trusted_document_need_not_be_remembered(documents: KnownDocuments) -> None:
    assert documents.text("", None, persisted(TRUSTED)) == TRUSTED


async def test_a_document_is_remembered_under_its_own_hash_only(documents: KnownDocuments) -> None:
    assert refusal(documents, OTHER, None, persisted(TRUSTED)) is Code.BAD_REQUEST
    assert documents.text("", None, persisted(TRUSTED)) == TRUSTED


async def test_what_was_not_used_for_longest_is_forgotten(
    kept: Kept[Trusted], freshness: Freshness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trusted, "ROOM", 4_000)
    documents = KnownDocuments(kept)
    for number in range(10):
        documents.text(f"query Q{number} {{ __typename }}", None, persisted(f"query Q{number} {{ __typename }}"))

    first, last = (persisted(f"query Q{number} {{ __typename }}") for number in (0, 9))
    assert refusal(documents, "", None, first) is Code.PERSISTED_QUERY_NOT_FOUND
    assert documents.text("", None, last)


async def test_a_server_that_remembers_nothing_says_so(kept: Kept[Trusted], freshness: Freshness) -> None:
    documents = KnownDocuments(kept, remembers=False)

    assert documents.text(OTHER, None, persisted(OTHER)) == OTHER
    assert refusal(documents, "", None, persisted(OTHER)) is Code.PERSISTED_QUERY_NOT_SUPPORTED
    assert documents.text("", None, persisted(TRUSTED)) == TRUSTED


@pytest.mark.parametrize(
    "extension", ["x", {}, {"version": 2, "sha256Hash": "0" * 64}, {"version": 1}, {"version": 1, "sha256Hash": 7}]
)
async def test_an_extension_of_another_kind_is_not_supported(documents: KnownDocuments, extension: object) -> None:
    assert refusal(documents, "", None, {"persistedQuery": extension}) is Code.PERSISTED_QUERY_NOT_SUPPORTED
