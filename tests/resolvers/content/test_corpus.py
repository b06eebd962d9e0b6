"""Which types of blocks and settings pass (spec/content-api.md, "Testability")."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from edx.olx import Block
from resolvers.content.corpus import Corpus, Verdict, faults_of, find, survey, together
from tests.edx.olx.twins import tarred, unit
from tests.resolvers.editing.courses import FILES, course_of

REAL = Path(__file__).parents[4] / "shared" / "data" / "olx"
GOOD = unit(
    b'<vertical><html url_name="h"/><problem url_name="p"/></vertical>',
    html__h=b'<html display_name="A">text</html>',
    problem__p=b'<problem display_name="B" max_attempts="2" rerandomize="never">1</problem>',
)
SUSPECT = unit(
    b'<vertical><problem url_name="p"/><poll_question url_name="q"/></vertical>',
    problem__p=b'<problem max_attempts="many" weight="2">1</problem>',
    poll_question__q=b"<poll_question>?</poll_question>",
)
BROKEN = unit(
    b'<vertical><html url_name="h"/><video url_name="gone"/></vertical>', html__h=b"<html><b>not closed</html>"
)


def placed(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of a course, one in a wrapper, archives, and what is none of these."""
    placed(tmp_path / "good", GOOD)
    placed(tmp_path / "wrapped" / "inside", SUSPECT)
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "broken.tar.gz").write_bytes(tarred(BROKEN).read())
    (tmp_path / "archives" / "notes.txt").write_text("nothing")
    (tmp_path / ".git").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "good")
    return tmp_path


def surveyed(*paths: Path) -> Corpus:
    return together(list(survey(paths)))


def test_courses_are_found_in_folders_of_folders_and_as_archives(corpus: Path) -> None:
    assert [path.relative_to(corpus).as_posix() for path in find([corpus])] == [
        "archives/broken.tar.gz", "good", "wrapped/inside",
    ]  # fmt: skip
    assert list(find([corpus / "archives" / "notes.txt"])) == [corpus / "archives" / "notes.txt"]


def test_each_course_is_judged_by_the_worst_of_it(corpus: Path) -> None:
    broken, good, suspect = surveyed(corpus).courses
    assert (good.verdict, good.problems, good.blocks) == (Verdict.PASSES, [], 6)
    assert good.version is not None
    assert len(good.version) == 64
    assert suspect.verdict is Verdict.WARNS
    assert suspect.version is not None
    assert (broken.verdict, broken.version) == (Verdict.FAILS, None)


def test_types_and_settings_that_pass_are_told_from_those_that_do_not(corpus: Path) -> None:
    types = surveyed(corpus).types
    verdicts = {kind.name: kind.verdict.value for kind in types.values()}
    assert verdicts == {
        "chapter": "passes", "course": "passes", "html": "fails", "poll_question": "warns", "problem": "warns",
        "sequential": "passes", "vertical": "passes", "video": "fails",
    }  # fmt: skip
    problem = types["problem"]
    assert (problem.blocks, problem.courses, problem.problems) == (2, 2, {"INVALID_SETTING": 1})
    assert {name: (each.blocks, each.courses, each.verdict.value) for name, each in problem.settings.items()} == {
        "display_name": (1, 1, "passes"),
        "max_attempts": (2, 2, "warns"),
        "rerandomize": (1, 1, "passes"),
        "weight": (1, 1, "passes"),
    }
    assert types["html"].problems == {"SYNTAX": 1}
    assert types["video"].problems == {"MISSING_FILE": 1}
    assert types["poll_question"].problems == {"INVALID_CONTENT": 1}


def test_the_problem_says_where_it_is(corpus: Path) -> None:
    [found] = [each for each in surveyed(corpus).courses[0].problems if each.code == "SYNTAX"]
    assert (found.type, found.block, found.place.startswith("html/h.xml:1:")) == ("html", "html/h", True)


def test_what_is_no_course_fails_and_the_others_are_judged(corpus: Path) -> None:
    found = surveyed(corpus / "archives" / "notes.txt", corpus / "good", corpus / "gone")
    assert [course.verdict.value for course in found.courses] == ["fails", "passes", "fails"]
    assert [course.problems[0].code for course in found.courses if course.problems] == ["UNKNOWN_FORMAT", "UNREADABLE"]


def test_a_block_that_no_file_could_hold_is_told() -> None:
    block = Block("html", "h", (("not a name", "x"),), pointer=None)
    [*_, found] = faults_of(course_of(FILES), block)
    assert (found.code, found.verdict) == ("UNWRITABLE", Verdict.WARNS)
    assert "'not a name'" in found.message


@pytest.mark.skipif(not REAL.is_dir(), reason="the official demo course is not beside the repository")
def test_all_of_the_official_courses_passes() -> None:
    found = surveyed(REAL)
    assert [(course.verdict, course.blocks) for course in found.courses] == [
        (Verdict.PASSES, 7), (Verdict.PASSES, 401),
    ]  # fmt: skip
    assert {kind.verdict for kind in found.types.values()} == {Verdict.PASSES}
    assert len(found.types) == 19
    assert found.types["html"].settings.keys() == {"display_name", "editor", "group_access"}
