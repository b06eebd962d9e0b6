"""Plans as trees for people."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from db.engine import Database
from ondisk.diagnostics import Code, Diagnostic, Severity
from resolvers.directories.changes import Fate
from resolvers.directories.layout import Policy
from server.directories.commands import problem_of
from server.directories.tree import tree_of
from tests.ondisk.trees import SITE
from tests.resolvers.directories.libraries import course, remove, sync


async def drawn(database: Database, root: Path, policy: Policy) -> tuple[list[str], str | None]:
    plan = await sync(database, root, policy)
    console = Console(width=300)
    with console.capture() as captured:
        console.print(tree_of(plan))
    return [line.rstrip() for line in captured.get().splitlines()], problem_of([plan])


async def test_a_plan_shows_what_happens_where_it_is_on_the_disk(database: Database, tmp_path: Path) -> None:
    course("PHIL/F/A", root=tmp_path, Sections__01__role_info={})
    lines, problem = await drawn(database, tmp_path, Policy())
    assert problem is None
    assert lines[1:6] == [
        f"└── {SITE} created: 2 created",
        "    └── PHIL/ created",
        "        └── F/ created",
        "            └── A created",
        lines[5],
    ]
    assert any("section 01 created" in line for line in lines)
    lines, _ = await drawn(database, tmp_path, Policy())
    assert lines[1:] == [f"└── {SITE} (1 unchanged)"]


async def test_what_is_held_or_not_removed_is_told_and_fails(database: Database, tmp_path: Path) -> None:
    path = course("F/A", root=tmp_path, course_info={"id": "A"})
    course("F/B", root=tmp_path)
    await sync(database, tmp_path)
    (path / "course_info.json").write_text('{"id": 1}')
    remove(tmp_path, "F/B")
    lines, problem = await drawn(database, tmp_path, Policy())
    text = "\n".join(lines)
    assert "A held: there are errors in it" in text
    assert "course_info.json:1: error: id: a number in place of a text [wrong-type]" in text
    assert "B refused: removals are not allowed" in text
    assert problem == "1 courses, sections or sites are held, 1 are not removed"


async def test_a_site_tells_what_is_wrong_with_it_as_a_whole(database: Database, tmp_path: Path) -> None:
    course("F/A", root=tmp_path)
    course("F/B", root=tmp_path)
    await sync(database, tmp_path)
    course("F/C", root=tmp_path)
    plan = await sync(database, tmp_path)
    wrong = Diagnostic(Severity.WARNING, Code.BAD_NAME, "sites/x", "a name that is none")
    [site] = plan.sites
    same = replace(site.courses[0], path="F/A", fate=Fate.UNCHANGED, files=(), diagnostics=())  # read for nothing
    site = replace(site, diagnostics=(wrong,), courses=(same, *site.courses))
    console = Console(width=300)
    with console.capture() as captured:
        console.print(tree_of(replace(plan, sites=(site,))))
    lines = captured.get()
    assert str(wrong) in lines
    assert "C created" in lines
    assert not any(line.split()[-1] == "A" for line in lines.splitlines())


async def test_a_folder_without_sites_is_no_library(database: Database, tmp_path: Path) -> None:
    _, problem = await drawn(database, tmp_path, Policy())
    assert problem == f"there is no library with sites in {tmp_path}"


async def test_a_moved_course_tells_where_it_was(database: Database, tmp_path: Path) -> None:
    path = course("F/A", root=tmp_path, course_info={"id": "A"})
    await sync(database, tmp_path)
    path.rename(path.with_name("B"))
    lines, _ = await drawn(database, tmp_path, Policy(allow_removals=True))
    text = "\n".join(lines)
    assert "from F/A" in text
    assert "to F/B" in text
