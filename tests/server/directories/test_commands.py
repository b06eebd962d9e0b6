"""`collegium sync directories`, as people and programs run it."""

import subprocess
import sys
from pathlib import Path, PurePosixPath
from signal import SIGTERM
from subprocess import PIPE

import orjson
import pytest

from ondisk.library import read_library
from ondisk.writer import course_files
from server.directories.commands import layout_of
from server.settings import SettingsError, load
from tests.commands import ROOT, collegium, environment, failure
from tests.ondisk.trees import SITE, site_of
from tests.resolvers.directories.libraries import course, remove
from tests.resolvers.directories.sample import write_library


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


def test_a_course_is_written_as_a_directory_that_says_the_same(tmp_path: Path) -> None:
    library, target = tmp_path / "library", tmp_path / "again/sites" / SITE / "Courses/F/A"
    write_library(library)
    key = f"course-v1:{SITE}+CLC_3403+Fall2014"
    assert collegium("migrate", folder=tmp_path).returncode == 0
    assert collegium("sync", "directories", str(library), folder=tmp_path).returncode == 0

    done = collegium("directories", "export", key, str(target), folder=tmp_path)

    assert done.stdout == f"9 files are in {target}.\n", done.stderr
    before = next(course for course in site_of(read_library(library)).courses if course.name == "CLC 3403")
    assert course_files(site_of(read_library(tmp_path / "again")).courses[0]) == {
        **course_files(before),
        PurePosixPath("bundle_meta_info.json"): (target / "bundle_meta_info.json").read_bytes().replace(
            b"Fall2014_CLC_3403", b"F_A"
        ),
    }  # fmt: skip
    assert "is not empty" in failure(collegium("directories", "export", key, str(target), folder=tmp_path))
    assert "no course directory" in failure(
        collegium("directories", "export", f"{key}_S_01", str(tmp_path / "new"), folder=tmp_path)
    )
    (library / "sites" / SITE / "Courses/Fall2014/CLC 3403/presentation-assets/shared/v1/a.png").write_text("2")
    gone = collegium("directories", "export", key, str(tmp_path / "new"), folder=tmp_path)
    assert "has changed since it was read" in failure(gone)


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


def test_a_watched_library_is_synchronized_whenever_it_changes(tmp_path: Path) -> None:
    library = tmp_path / "library"
    course("F/A", root=library)
    assert collegium("migrate", folder=tmp_path).returncode == 0
    command = [sys.executable, "-m", "server", "sync", "directories", str(library), "--watch"]
    with subprocess.Popen(
        command, env=environment({}, tmp_path), cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        try:
            assert any("A created" in line for line in lines)
            course("F/B", root=library, course_info={"id": ""})
            assert any("B held" in line for line in lines)
            course("F/B", root=library, course_info={"id": "B"})
            assert any("B created" in line for line in lines)
        finally:
            process.send_signal(SIGTERM)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")
