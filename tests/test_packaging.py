"""The packages: nobody else's names, all of our files, and working from anywhere."""

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [built] = folder.glob("*.whl")
    return built


def test_the_top_level_names_are_ours_alone() -> None:
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).is_relative_to(ROOT), f"{package} comes from somewhere else: {spec.origin}"
        assert set(packages_distributions().get(package, ["collegium"])) == {"collegium"}


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    tracked = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False)
    missing = {name for name in tracked.stdout.split("\n") if name and name not in names}
    assert not missing
    assert {"db/migrations/env.py", "db/migrations/versions/0001_catalog.py", "schema/py.typed"} <= names
    assert any(name.startswith("server/explorer/assets/") for name in names)
    assert not any(name.startswith(("tests/", "bench/", "server/explorer/node_modules")) for name in names)


def test_the_wheel_works_from_another_directory(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import asyncio, db, schema, server.explorer
from db.migrate import check, migrate
assert all(m.__file__.startswith(sys.argv[1]) for m in (db, schema, server.explorer)), db.__file__
url = f"sqlite+aiosqlite:///{sys.argv[2]}"
asyncio.run(migrate(url))
print(asyncio.run(check(url)), len(schema.sdl()) > 1000, len(server.explorer.routes(server.explorer.ExplorerConfig())))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "installed", tmp_path / "data.db"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:2] == ["True"]
