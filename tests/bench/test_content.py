"""What the benchmark of content counts on, and what does not depend on the machine: nodes, rows and statements."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event

from bench import courses
from bench.content import Desk
from db.engine import Database
from db.store import share
from edx.olx import parse, read
from resolvers.content.load import Courses
from resolvers.editing.changes import SetBlockSettings
from resolvers.editing.writing import Editor, Expected, Request
from tests.db.store.conftest import ADA


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.mark.parametrize("blocks", [5, 10, 101, 1000])
def test_a_large_course_has_as_many_blocks_as_it_should(blocks: int, tmp_path: Path) -> None:
    parsed = parse(read(courses.pack(courses.large(blocks), tmp_path / "large.tar.gz")))
    assert len(list(parsed.course.root.walk())) == blocks
    assert parsed.report.warnings == 0


def test_the_other_has_the_shape_of_the_demo_course(tmp_path: Path) -> None:
    """Notes on OLX, §4."""
    parsed = parse(read(courses.pack(courses.demo(), tmp_path / "demo.tar.gz")))
    counts = Counter(block.type for block in parsed.course.root.walk())
    assert (counts.total(), counts["chapter"], counts["sequential"], counts["vertical"]) == (401, 6, 17, 58)
    assert (counts["html"], counts["problem"], counts["video"], len(parsed.course.assets)) == (266, 29, 11, 124)


async def test_nothing_is_written_again_an_edit_makes_a_path_and_a_re_run_one_row(
    database: Database, tmp_path: Path
) -> None:
    """Whatever the size of the course."""
    desk = await Desk.at(database, tmp_path / "desk", 4)
    statements = []
    for number, blocks in enumerate((10, 1000)):
        source = courses.pack(courses.large(blocks), tmp_path / f"{blocks}.tar.gz")
        run, rerun = desk.runs[2 * number : 2 * number + 2]
        _, first = await desk.imported(source, run)
        _, again = await desk.imported(source, run)
        assert (first.is_new, again.is_new, again.nodes_written, again.bytes_written) == (True, False, 0, 0)
        before, sent = await desk.rows(), 0

        def count(*_given: object) -> None:
            nonlocal sent
            sent += 1

        event.listen(database.engine.sync_engine, "before_cursor_execute", count)
        async with database.writing() as session:
            await share(session, run, rerun, ADA)
        event.remove(database.engine.sync_engine, "before_cursor_execute", count)
        statements.append(sent)
        assert [new - old for new, old in zip(await desk.rows(), before, strict=True)] == [0, 0, 1]
        loaded = await Courses(desk.store).of_run(run)
        assert loaded is not None
        problem = next(block.key for block in loaded.course.root.walk() if block.type == "problem")
        change = SetBlockSettings(str(problem), {"max_attempts": "7"})
        edited = await Editor(Courses(desk.store)).apply(Request(run, [change], ADA, Expected(anything=True)))
        assert edited.new_nodes <= 6
    assert statements[0] == statements[1]
