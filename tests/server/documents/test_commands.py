"""`collegium documents`, as whoever types it sees it."""

from pathlib import Path

import orjson
import pytest
from sqlalchemy import URL

from server.documents.trusted import digest_of
from tests.commands import collegium, failure

A = "query A { health { status } }\n"
B = "query B { health { version } }"


@pytest.fixture
def dialect() -> str:
    """Commands are the same over both databases."""
    return "sqlite"


@pytest.fixture
def setting(database_url: URL) -> dict[str, str]:
    return {"COLLEGIUM_DATABASE_URL": database_url.render_as_string(hide_password=False)}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    single, manifest = tmp_path / "a.graphql", tmp_path / "manifest.json"
    single.write_text(A)
    manifest.write_bytes(orjson.dumps({digest_of(B): B}))
    return [str(single), str(manifest)]


def test_documents_are_made_known_and_unknown_again(setting: dict[str, str], files: list[str], tmp_path: Path) -> None:
    added = collegium("documents", "add", *files, folder=tmp_path, **setting)
    again = collegium("documents", "add", files[0], folder=tmp_path, **setting)
    removed = collegium("documents", "remove", f"sha256:{digest_of(A)}", folder=tmp_path, **setting)
    listed = collegium("documents", "list", "--json", folder=tmp_path, **setting)
    named = collegium("documents", "list", folder=tmp_path, **setting)

    assert added.stdout == f"sha256:{digest_of(A)}  A\nsha256:{digest_of(B)}  B\n"
    assert (added.stderr, again.stderr) == ("2 of 2 documents were new.\n", "0 of 1 documents were new.\n")
    assert removed.returncode == 0
    assert orjson.loads(listed.stdout) == [{"id": f"sha256:{digest_of(B)}", "name": "B", "text": B}]
    assert named.stdout == f"sha256:{digest_of(B)}  B\n"


def test_one_document_that_does_not_fit_keeps_all_out(
    setting: dict[str, str], files: list[str], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.graphql"
    wrong.write_text("{ nonsense }")

    line = failure(collegium("documents", "add", *files, str(wrong), folder=tmp_path, **setting))
    assert "Cannot query field 'nonsense'" in line
    assert collegium("documents", "list", folder=tmp_path, **setting).stdout == ""


def test_a_document_beyond_the_limits_is_refused(setting: dict[str, str], files: list[str], tmp_path: Path) -> None:
    limit = {"COLLEGIUM_MAX_DEPTH": "1"}

    assert "levels of fields" in failure(collegium("documents", "add", *files, folder=tmp_path, **setting, **limit))


def test_a_document_that_a_locked_server_would_not_run_is_refused(setting: dict[str, str], tmp_path: Path) -> None:
    asks = tmp_path / "introspection.graphql"
    asks.write_text("{ __schema { queryType { name } } }")

    given = collegium("documents", "add", str(asks), folder=tmp_path, **setting, COLLEGIUM_PROFILE="locked")
    assert "introspection is not answered here" in failure(given)
