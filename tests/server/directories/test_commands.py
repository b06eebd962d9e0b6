"""`collegium sync directories`, as people and programs run it."""

from pathlib import Path

import orjson
import pytest

from server.directories.commands import layout_of
from server.settings import SettingsError, load
from tests.ondisk.trees import SITE
from tests.resolvers.directories.libraries import course, remove
from tests.server.test_cli import collegium, failure


def test_a_library_is_planned_synchronized_and_synchronized_again(tmp_path: Path) -> None:
    course("F/A", root=tmp_path / "library")
    assert collegium("migrate", folder=tmp_path).returncode == 0
    library = str(tmp_path / "library")

    planned = collegium("sync", "directories", library, "--dry-run", folder=tmp_path)
    done = collegium("sync", "directories", library, "--json", folder=tmp_path)
    again = collegium("sync", "directories", library, folder=tmp_path)

    assert planned.returncode == 0, planned.stderr
    assert "A created" in planned.stdout
    [plan] = orjson.loads(done.stdout)["libraries"]
    assert (plan["root"], plan["dryRun"], plan["sites"][0]["counts"]) == (
        library,
        False,
        {"created": 1, "unchanged": 0},
    )
    [change] = plan["sites"][0]["courses"]
    assert (change["key"], change["fate"]) == (f"course-v1:{SITE}+A+F", "created")
    assert [file["change"] for file in change["files"]] == ["added"]
    assert again.stdout.splitlines()[1:] == [f"└── {SITE} (1 unchanged)"]

    course("F/B", root=tmp_path / "library")
    remove(tmp_path / "library", "F/A")
    refused = collegium("sync", "directories", library, folder=tmp_path)
    assert failure(refused) == "collegium: 0 courses, sections or sites are held, 1 are not removed"
    removed = collegium("sync", "directories", library, "--allow-removals", "--site", SITE, folder=tmp_path)
    assert removed.returncode == 0
    assert "A removed" in removed.stdout


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a.edu=A, b.edu = B", {"a.edu": "A", "b.edu": "B"}),
        ('{"a.edu": "A"}', {"a.edu": "A"}),
        ("", {}),
    ],
)
def test_sites_are_given_in_pairs(monkeypatch: pytest.MonkeyPatch, text: str, pairs: dict[str, str]) -> None:
    monkeypatch.setenv("COLLEGIUM_SITE_ORGANIZATIONS", text)
    monkeypatch.setenv("COLLEGIUM_SITE_PARENTS", text)
    monkeypatch.setenv("COLLEGIUM_DIRECTORY_ROOTS", "/srv/a,/srv/b")
    layout = layout_of(load())
    assert (layout.organizations, layout.parents) == (pairs, pairs)
    assert layout.roots == (Path("/srv/a"), Path("/srv/b"))


@pytest.mark.parametrize("text", ["a", "a=", "=b", "{", '{"a": 1}'])
def test_other_texts_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COLLEGIUM_SITE_PARENTS", text)
    with pytest.raises(SettingsError, match="COLLEGIUM_SITE_PARENTS"):
        load()
