"""A course with everything that edits must mind, and ways to change it."""

from collections.abc import Mapping
from functools import cache

import pytest

from edx.olx import Course, InMemory, Key, files, parse, read
from resolvers.editing.apply import Applied, apply
from resolvers.editing.changes import Change, Olx
from resolvers.editing.problems import EditProblem, EditRefused
from tests.edx.olx.twins import tarred

PAIR = '{"0": "block-v1:O+C+R+type@vertical+block@red", "1": "block-v1:O+C+R+type@vertical+block@blue"}'
FILES: Mapping[str, bytes] = {
    "course.xml": b'<course url_name="R" org="O" course="C"/>\n',
    "course/R.xml": b'<course display_name="Demo" entrance_exam_id="block-v1:O+C+R+type@sequential+block@s2">'
    b'<chapter url_name="c1"/><chapter url_name="c2"/></course>\n',
    "chapter/c1.xml": b'<chapter display_name="One"><sequential url_name="s1"/><sequential url_name="s2"/></chapter>\n',
    "chapter/c2.xml": b'<chapter display_name="Two"><sequential url_name="s3"/><html url_name="loose"/></chapter>\n',
    "sequential/s1.xml": b'<sequential display_name="First" format="Homework" graded="true">'
    b'<vertical url_name="u1"/><vertical url_name="u2"/></sequential>\n',
    "sequential/s2.xml": b'<sequential display_name="Second"><vertical url_name="u3"/></sequential>\n',
    "sequential/s3.xml": b'<sequential display_name="Third"/>\n',
    "vertical/u1.xml": b'<vertical display_name="Unit 1"><html url_name="page"/><problem url_name="sum"/>'
    b'<discussion url_name="talk" display_name="Talk"/><html url_name="both"/></vertical>\n',
    "vertical/u2.xml": b'<vertical display_name="Unit 2"><html url_name="both"/><split_test url_name="ab"/>'
    b'<conditional url_name="if"/></vertical>\n',
    "vertical/u3.xml": b'<vertical display_name="Unit 3"><library_content url_name="bank"/></vertical>\n',
    "split_test/ab.xml": b"<split_test display_name='AB' user_partition_id='1' group_id_to_child='"
    + PAIR.replace('"', "&quot;").encode()
    + b"'><vertical url_name='red'/><vertical url_name='blue'/></split_test>\n",
    "vertical/red.xml": b'<vertical display_name="Red"><html url_name="rose">Red</html></vertical>\n',
    "vertical/blue.xml": b'<vertical display_name="Blue"/>\n',
    "conditional/if.xml": b'<conditional display_name="If" sources="block-v1:O+C+R+type@problem+block@sum">'
    b'<html url_name="then">Then</html></conditional>\n',
    "library_content/bank.xml": b'<library_content display_name="Bank"><problem url_name="q1">?</problem>'
    b"</library_content>\n",
    "html/page.xml": b'<html filename="page" display_name="Page"/>\n',
    "html/page.html": b'<a href="/jump_to_id/u3">on</a><img src="/static/leaf.png">',
    "html/both.xml": b'<html display_name="Both">same</html>\n',
    "html/loose.xml": b'<html display_name="Loose">x</html>\n',
    "problem/sum.xml": b'<problem display_name="Sum" max_attempts="3"><p>1+1</p></problem>\n',
    "policies/R/policy.json": b'{"course/R": {"display_name": "Demo", "start": "2026-01-01T00:00:00Z", "tabs":'
    b' [{"type": "courseware"}]}, "problem/sum": {"weight": 2.0}}',
    "policies/R/grading_policy.json": b'{"GRADER": [{"type": "Homework", "weight": 1.0, "min_count": 1,'
    b' "drop_count": 0}], "GRADE_CUTOFFS": {"Pass": 0.5}}',
    "policies/assets.json": b'{"leaf.png": {"displayname": "leaf.png", "import_path": null, "locked": false}}',
    "static/leaf.png": b"png",
    "static/plain.txt": b"plain",
    "tabs/faq.html": b"faq",
    "html/stray.xml": b"<html>nobody's</html>",
}


@cache
def demo() -> Course:
    return course_of(FILES)


def course_of(files: Mapping[str, bytes]) -> Course:
    return parse(read(tarred(files))).course


def edited(*changes: Change, course: Course | None = None) -> Applied:
    """What becomes of the course: one that files can hold, that reads back as itself, and without orphans (U25)."""
    applied = apply(course or demo(), changes)
    root = applied.course.root
    assert {block.key for block in root.walk()} == set(applied.index.blocks), "blocks that nothing leads to"
    again = course_of({file.path: file.blob.read() for file in files(applied.course)})
    assert outline(again) == outline(applied.course)
    return applied


def refused(*changes: Change, course: Course | None = None) -> list[EditProblem]:
    with pytest.raises(EditRefused) as raised:
        apply(course or demo(), changes)
    return list(raised.value.problems)


def codes(problems: list[EditProblem] | tuple[EditProblem, ...]) -> list[str]:
    return [problem.code.value for problem in problems]


def outline(course: Course) -> dict[str, list[str]]:
    """The names of the children of every block that has some."""
    return {
        block.url_name: [child.url_name for child in block.children] for block in course.root.walk() if block.children
    }


def olx(text: str) -> Olx:
    return Olx(text)


def folder(root: str | None = None, **files: str | bytes) -> Olx:
    """Files of a folder, their paths with two underscores for each slash: `vertical__u1`."""
    named = {f"{name.replace('__', '/')}.xml": data for name, data in files.items()}
    blobs = {path: InMemory.of(data.encode() if isinstance(data, str) else data) for path, data in named.items()}
    return Olx(None, blobs, root)


def key(text: str) -> Key:
    kind, _, name = text.partition("/")
    return Key(kind, name)
