"""Files with documents, and the manifests that build tools write."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from server.documents.files import Found, documents_in
from server.documents.trusted import digest_of
from server.failures import Failure

TEXT = "query A { __typename }"
OTHER = "{ __typename }\n"


def written(folder: Path, content: Any) -> Path:
    path = folder / "manifest.json"
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return path


def test_a_graphql_file_is_one_document_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.graphql"
    path.write_text(OTHER)

    assert documents_in(path) == [Found(OTHER)]


@pytest.mark.parametrize(
    "name",
    [digest_of, lambda text: f"sha256:{digest_of(text)}", lambda text: digest_of(text).upper()],
    ids=["digits", "prefixed", "upper case"],
)
def test_a_manifest_has_documents_by_hash(tmp_path: Path, name: Any) -> None:
    path = written(tmp_path, {name(TEXT): TEXT, name(OTHER): OTHER})

    assert [found.text for found in documents_in(path)] == [TEXT, OTHER]


def test_apollo_s_manifest_has_a_list_of_operations(tmp_path: Path) -> None:
    operations = [{"id": digest_of(TEXT), "name": "A", "type": "query", "body": TEXT}]
    path = written(tmp_path, {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations})

    assert documents_in(path) == [Found(TEXT, digest_of(TEXT))]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        ([], "hashes and documents"),
        ({digest_of(TEXT): 1}, "hashes and documents"),
        ({digest_of(OTHER): TEXT}, "is not the SHA-256"),
        ({"md5": TEXT}, "is not the SHA-256"),
        ({"format": "apollo-persisted-query-manifest"}, "hashes and documents"),
        ({"format": "apollo-persisted-query-manifest", "operations": [1]}, "hashes and documents"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: Any, problem: str) -> None:
    with pytest.raises(Failure, match=problem):
        documents_in(written(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"none\.graphql cannot be read: No such file"):
        documents_in(tmp_path / "none.graphql")
