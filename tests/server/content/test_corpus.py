"""`collegium content-report`, as whoever types it sees it."""

import json
from pathlib import Path

import pytest

from server.content.corpus import Format, content_report
from server.failures import Failure
from tests.commands import collegium
from tests.edx.olx.twins import tarred
from tests.resolvers.content.test_corpus import BROKEN, GOOD, SUSPECT, placed


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    placed(tmp_path / "courses" / "good", GOOD)
    placed(tmp_path / "courses" / "suspect", SUSPECT)
    return tmp_path / "courses"


def test_it_needs_no_database_and_its_status_says_whether_all_passed(corpus: Path, tmp_path: Path) -> None:
    done = collegium("content-report", str(corpus), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"✓ {corpus}/good: 6 blocks, version " in done.stdout
    assert "! problem: 2 blocks in 2 courses (INVALID_SETTING 1)" in done.stdout
    assert "! max_attempts (INVALID_SETTING 1), ✓ rerandomize" in done.stdout
    assert "warns INVALID_SETTING at problem/p.xml:1:1: max_attempts: Invalid data" in done.stdout
    assert not list(tmp_path.rglob("*.db"))


async def told(capsys: pytest.CaptureFixture[str], *paths: Path, form: Format, strict: bool = False) -> str:
    """What is printed; the failure comes after it."""
    try:
        await content_report(list(paths), form=form, strict=strict)
    finally:
        out = capsys.readouterr().out
    return out


async def test_as_json_all_is_told(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(await told(capsys, corpus, form=Format.JSON))
    assert [course["verdict"] for course in found["courses"]] == ["passes", "warns"]
    assert {problem["code"] for problem in found["courses"][1]["problems"]} == {"INVALID_SETTING", "INVALID_CONTENT"}
    [problem] = [kind for kind in found["types"] if kind["type"] == "problem"]
    assert (problem["blocks"], problem["courses"], problem["problems"]) == (2, 2, {"INVALID_SETTING": 1})
    assert [each["name"] for each in problem["settings"] if each["verdict"] == "passes"] == [
        "display_name", "rerandomize", "weight",
    ]  # fmt: skip


async def test_as_markdown_it_can_be_published(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (await told(capsys, corpus, form=Format.MARKDOWN)).splitlines()
    assert lines[0] == "# Types of blocks and settings that pass"
    row = "| `html` | passes | 1 | 1 | `display_name` |  |  |"
    assert row in lines
    assert {line.count("|") for line in lines if line.startswith("| `")} == {8}


async def test_it_fails_for_what_would_be_refused_for_warnings_if_strict_and_for_nothing(
    corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(Failure, match="1 of 2 courses did not pass"):
        await content_report([corpus], form=Format.JSON, strict=True)
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(tarred(BROKEN).read())
    with pytest.raises(Failure, match="1 of 3 courses did not pass"):
        await content_report([corpus, broken])
    (tmp_path / "empty").mkdir()
    with pytest.raises(Failure, match="there is no course"):
        await content_report([tmp_path / "empty"])
    with pytest.raises(Failure, match=r"there is no .*gone"):
        await content_report([tmp_path / "gone"])


async def test_of_a_course_with_many_problems_people_are_shown_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed(tmp_path / "poor", {**SUSPECT, **{f"video/lost{number}.xml": b"<video/>" for number in range(30)}})
    lines = (await told(capsys, tmp_path / "poor", form=Format.TEXT)).splitlines()
    [rest] = [line for line in lines if line.endswith("more; --format json has all")]
    assert sum(line.startswith("    warns ") for line in lines) == 20
    assert int(rest.split()[1]) >= 10
