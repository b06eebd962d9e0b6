"""`collegium programs`, as whoever types it sees it."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from sqlalchemy import URL

from db.engine import Database
from tests.catalog import fill
from tests.commands import ROOT, collegium, environment
from tests.conftest import DIALECTS


@pytest.fixture
def dialect() -> str:
    """Commands are the same over both databases."""
    return "sqlite"


@pytest.fixture
async def setting(database: Database, database_url: URL) -> dict[str, str]:
    """The settings for a database with the small catalog."""
    await fill(database)
    return {"COLLEGIUM_DATABASE_URL": database_url.render_as_string(hide_password=False)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_programs_are_exported_changed_and_imported(setting: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "programs.json"
    assert collegium("programs", "export", str(path), folder=tmp_path, **setting).returncode == 0
    assert collegium("programs", "export", folder=tmp_path, **setting).stdout == path.read_text()
    content = orjson.loads(path.read_bytes())
    content["programs"][0]["name"] = "Renamed"
    path.write_bytes(orjson.dumps(content))

    told = f'updated \'Renamed\' ({content["programs"][0]["uuid"]})\n  name: "Program 0" → "Renamed"\n'
    dry = collegium("programs", "import", str(path), "--dry-run", folder=tmp_path, **setting)
    assert dry.stdout == f"{told}Programs (dry run): 0 created, 1 updated, 5 unchanged.\n"
    wet = collegium("programs", "import", str(path), folder=tmp_path, **setting)
    assert wet.stdout == f"{told}Programs: 0 created, 1 updated, 5 unchanged.\n"
    again = subprocess.run(
        [sys.executable, "-m", "server", "programs", "import", "-"], input=path.read_text(), text=True,
        capture_output=True, check=True, cwd=ROOT, env=environment(setting, tmp_path),
    )  # fmt: skip
    assert again.stdout == "Programs: 0 created, 0 updated, 6 unchanged.\n"


def test_all_that_is_wrong_is_one_line_each_with_its_place(setting: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "programs.json"
    path.write_bytes(
        orjson.dumps({"format": "collegium-programs", "version": 1, "programs": [{"uuid": "x"}, {"name": 1}]})
    )
    done = collegium("programs", "import", str(path), folder=tmp_path, **setting)

    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert "collegium: programs[0].name: this field is required" in lines
    assert "collegium: programs[1].name: a text is needed here" in lines
    assert len(lines) == 8


def test_a_file_that_is_none_is_one_line(setting: dict[str, str], tmp_path: Path) -> None:
    done = collegium("programs", "import", str(tmp_path / "none.json"), folder=tmp_path, **setting)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "none.json" in line
