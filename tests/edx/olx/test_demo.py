"""The official demo course and library, where a copy stands beside the repository; the numbers are those of the notes
on OLX, §4. They are not part of it because of their licence.
"""

import io
import re
from collections import Counter
from pathlib import Path

import pytest

from edx.olx import Assets, Code, Parsed, files, parse, read, write

OLX = Path(__file__).parents[4] / "shared" / "data" / "olx"

pytestmark = pytest.mark.skipif(not OLX.is_dir(), reason="the official demo course is not beside the repository")

LINK = re.compile(rb"""/static/([^"'&)<>\\\s]*(?: [^"'&)<>\\\s/]+)*)""")


@pytest.fixture(scope="module")
def demo() -> Parsed:
    return parse(read(OLX / "demo-course"))


def test_the_demo_course_comes_out_byte_for_byte(demo: Parsed) -> None:
    came_in = read(OLX / "demo-course").files
    assert len(came_in) == 800
    assert sum(blob.size for blob in came_in.values()) == 20_354_746
    assert len({blob.digest for blob in came_in.values()}) == 741
    assert {file.path: file.blob for file in files(demo.course)} == came_in


def test_the_demo_course_survives_an_archive(demo: Parsed) -> None:
    target = io.BytesIO()
    write(files(demo.course), target)
    target.seek(0)
    again = parse(read(target))
    assert again.course == demo.course
    assert again.report == demo.report


def test_the_blocks_of_the_demo_course_are_all_there(demo: Parsed) -> None:
    blocks = list(demo.course.root.walk())
    once = ["drag-and-drop-v2", "edx_sga", "staffgradedxblock", "done", "library_content", "annotatable", "discussion"]
    assert Counter(block.type for block in blocks) == {
        "course": 1, "chapter": 6, "sequential": 17, "vertical": 58, "html": 266, "problem": 29, "video": 11,
        "openassessment": 2, "lti": 2, "poll": 1, "survey": 1, **dict.fromkeys(once, 1),
    }  # fmt: skip
    assert len(blocks) == 401
    assert sum(not block.is_inline for block in blocks) == 392
    assert sum(block.name_is_synthetic or block.is_missing for block in blocks) == 0
    assert len({block.body.blob.digest for block in blocks if block.body}) == 215


def test_the_units_of_the_demo_course_stand_where_they_belong(demo: Parsed) -> None:
    chapters = demo.course.root.children
    assert [[len(sequence.children) for sequence in chapter.children] for chapter in chapters] == [
        [2, 3], [4, 3, 3, 1], [1, 6, 7, 8, 4], [3, 3, 4], [4, 1], [1],
    ]  # fmt: skip
    units = [unit for chapter in chapters for sequence in chapter.children for unit in sequence.children]
    assert sum(len(unit.children) for unit in units) == 313
    assert max(len(unit.children) for unit in units) == 10


def test_the_other_files_of_the_demo_course_are_sorted(demo: Parsed) -> None:
    course = demo.course
    assert (course.org, course.course, course.run, course.folder) == ("OpenedX", "DemoX", "DemoCourse", "")
    assert (len(course.about), len(course.info), len(course.tabs), len(course.drafts)) == (10, 3, 0, 0)
    assert [file.path for file in course.extras] == ["assets/assets.xml"]
    assert len(course.assets) == 124
    assert sum(asset.entry is not None for asset in course.assets) == 115
    assert sum(asset.is_locked for asset in course.assets) == 0
    assert sum(asset.entry is not None and asset.key != asset.name for asset in course.assets) == 11
    assert len(course.policy_of(course.root.key)) == 22


def test_every_link_of_the_demo_course_to_an_asset_is_found(demo: Parsed) -> None:
    """Naively nine of them would dangle."""
    assets = Assets(demo.course.assets)
    texts = [file.blob.read() for file in files(demo.course) if file.path.endswith((".xml", ".html"))]
    links = {found.decode() for text in texts for found in LINK.findall(text)}
    missing = {link for link in links if assets.find(link) is None}
    assert missing == set()
    assert len(links) > 60
    assert (
        len({link for link in links if f"static/{link}" not in {asset.file.path for asset in demo.course.assets}}) >= 9
    )


def test_nothing_is_wrong_with_the_demo_course(demo: Parsed) -> None:
    """Unlike for the validator of the platform, which finds twelve errors."""
    assert [(problem.code, problem.place.file) for problem in demo.report.problems] == [
        (Code.SECRETS, "course/DemoCourse.xml"),
        (Code.POLICY_OVERRIDES, "policies/DemoCourse/policy.json"),
        (Code.SECRETS, "policies/DemoCourse/policy.json"),
    ]


def test_the_demo_library_is_read(demo: Parsed) -> None:
    found = parse(read(OLX / "demo-content-library"))
    course = found.course
    assert (course.kind, course.org, course.course) == ("library", "OpenedX", "DemoRespiratoryQuestions")
    assert [block.type for block in course.root.children] == ["problem"] * 6
    assert found.report.problems == ()
    [container] = [block for block in demo.course.root.walk() if block.type == "library_content"]
    assert not {block.url_name for block in container.children} & {block.url_name for block in course.root.children}
