import gzip
import io
import tarfile
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from edx.olx import Block, Course, File, InMemory, Key, UnwritableBlock, files, parse, read, write
from tests.edx.olx.generated import Made, courses
from tests.edx.olx.twins import COURSE, INLINE, LIBRARY, Files, block_of, exported, parsed, unit

PATIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def edited(course: Course, key: str, **changes: object) -> Course:
    """The course with one block changed, and all else shared."""

    def walk(block: Block) -> Block:
        if str(block.key) == key:
            return replace(block, **changes)  # type: ignore[arg-type] # the caller knows the fields
        children = tuple(walk(child) for child in block.children)
        same = all(new is old for new, old in zip(children, block.children, strict=True))
        return block if same else replace(block, children=children)

    return replace(course, root=walk(course.root))


def changed(course: Course, source: Files) -> dict[str, bytes]:
    """The files that are not as they came in."""
    return {file.path: file.blob.read() for file in files(course) if source.get(file.path) != file.blob.read()}


def fresh(block: Block) -> Block:
    """The same block as if it had never been read."""
    return replace(block, source=None, children=tuple(fresh(child) for child in block.children))


@pytest.mark.parametrize("source", [COURSE, LIBRARY, INLINE], ids=["course", "library", "one file"])
@pytest.mark.parametrize("prefix", ["", "course/"])
def test_what_goes_in_comes_out_byte_for_byte(source: Files, prefix: str) -> None:
    """The notes on OLX, §2.2 E1."""
    found = exported(parsed(source, prefix=prefix))
    assert found == {prefix + path: data for path, data in source.items()}
    assert list(found) == sorted(found)


@PATIENT
@given(courses())
def test_any_course_comes_out_byte_for_byte(made: Made) -> None:
    """The notes on OLX, §2.2 E1."""
    assert exported(parsed(made.files)) == made.files


@PATIENT
@given(courses())
def test_any_course_is_read_as_it_was_meant(made: Made) -> None:
    found = parsed(made.files)
    assert [(str(block.key), dict(block.settings)) for block in found.course.root.walk()] == made.blocks


@PATIENT
@given(courses())
def test_any_course_reads_back_equal_when_all_of_it_is_written_anew(made: Made) -> None:
    course = parsed(made.files).course
    anew = replace(course, root=fresh(course.root), entry=None)
    written = {file.path: file.blob.read() for file in files(anew)}
    again = parsed(written).course
    assert fresh(again.root) == fresh(course.root)
    assert exported(parsed(written)) == written


@PATIENT
@given(courses())
def test_an_archive_of_any_course_reads_back_and_is_always_the_same(made: Made) -> None:
    """The notes on OLX, §2.2 E1."""
    archives = []
    for order in (1, -1):
        target = io.BytesIO()
        write(list(files(parsed(made.files).course))[::order], target)
        archives.append(target.getvalue())
    assert archives[0] == archives[1]
    assert {path: blob.read() for path, blob in read(io.BytesIO(archives[0])).files.items()} == made.files


def test_an_archive_tells_neither_when_nor_by_whom_nor_where_it_was_written() -> None:
    target = io.BytesIO()
    write([File("course/é.xml", InMemory.of(b"1")), File("a" * 150, InMemory.of(b""))], target)
    assert target.getvalue()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(target.getvalue()))) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == ["a" * 150, "course/é.xml"]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}


@pytest.mark.parametrize("path", ["../x", "/x", "a\\b"])
def test_an_archive_with_a_dangerous_path_is_not_written(path: str) -> None:
    with pytest.raises(UnwritableBlock):
        write([File(path, InMemory.of(b""))], io.BytesIO())


def test_only_the_file_of_an_edited_block_is_written_anew() -> None:
    course = edited(parsed(COURSE).course, "sequential/first", settings=(("display_name", "Renamed"),))
    assert changed(course, COURSE) == {
        "sequential/first.xml": b'<sequential display_name="Renamed">\n  <vertical url_name="u1"/>\n'
        b'  <vertical url_name="u2"/>\n</sequential>\n'
    }


def test_an_edited_inline_block_rewrites_the_file_that_it_stands_in() -> None:
    course = edited(parsed(COURSE).course, "poll/ask", settings=(("question", "a\nc"),))
    assert list(changed(course, COURSE)) == ["vertical/u1.xml"]
    assert b'<poll url_name="ask" question="a&#10;c"/>' in changed(course, COURSE)["vertical/u1.xml"]
    course = edited(parsed(INLINE).course, "html/h", markup=b"new")
    assert (
        b'<course url_name="R" org="Twin" course="T2" display_name="Inline">' in changed(course, INLINE)["course.xml"]
    )


def test_an_edit_that_is_taken_back_leaves_no_trace() -> None:
    """The notes on OLX, §2.3 M6."""
    course = parsed(COURSE).course
    block = course.root.children[0]
    there = edited(course, "chapter/one", settings=())
    assert changed(edited(there, "chapter/one", settings=block.settings), COURSE) == {}


def test_an_edited_page_leaves_the_definition_alone() -> None:
    body = File("html/body.html", InMemory.of(b"new"))
    course = edited(parsed(COURSE).course, "html/page", body=body)
    assert changed(course, COURSE) == {"html/body.html": b"new"}


def test_names_that_were_made_up_are_written_when_a_file_is_written_anew() -> None:
    """The notes on OLX, §1.4 F18: unless the file is edited they are not, and then they must last."""
    source = unit(b"<vertical><problem> 1 </problem><html> x </html></vertical>")
    found = parsed(source)
    [problem, _] = block_of(found, "vertical/v").children
    course = edited(found.course, "vertical/v", settings=(("display_name", "V"),))
    again = parsed({file.path: file.blob.read() for file in files(course)})
    assert block_of(again, f"problem/{problem.url_name}").markup == b" 1 "


def test_a_removed_block_takes_its_files_along() -> None:
    found = parsed(COURSE)
    course = edited(found.course, "chapter/one", children=())
    gone = set(COURSE) - {file.path for file in files(course)}
    assert gone == {
        "sequential/first.xml", "vertical/u1.xml", "vertical/u2.xml", "html/page.xml", "html/body.html",
        "problem/sum.xml", "video/film.xml",
    }  # fmt: skip
    assert set(changed(course, COURSE)) == {"chapter/one.xml"}


def test_a_new_block_gets_a_file_of_its_own() -> None:
    new = Block("html", "new:page", markup=b"<p/>")
    course = edited(parsed(COURSE).course, "vertical/u2", children=(new,))
    assert changed(course, COURSE)["html/new/page.xml"] == b"<html><p/></html>\n"


def test_another_run_changes_only_where_its_name_stands() -> None:
    course = parsed(COURSE).course
    other = replace(course, org="Other", root=replace(course.root, url_name="R2"))
    assert changed(other, COURSE) == {
        "course.xml": b'<course url_name="R2" org="Other" course="T1"/>\n',
        "course/R2.xml": COURSE["course/course.xml"],
    }


def test_two_files_at_one_path_are_refused() -> None:
    found = parsed(COURSE).course
    clash = replace(found, extras=(File("html/page.xml", InMemory.of(b"other")),))
    with pytest.raises(UnwritableBlock, match=r"two different files would be written to 'html/page\.xml'"):
        list(files(clash))


def test_two_blocks_of_one_name_are_refused() -> None:
    twice = (Block("html", "a", markup=b"1"), Block("html", "a", markup=b"2"))
    with pytest.raises(UnwritableBlock, match="two different blocks are called html/a"):
        list(files(edited(parsed(COURSE).course, "vertical/u2", children=twice)))


def test_a_course_without_a_problem_still_parses_after_an_edit() -> None:
    course = edited(parsed(COURSE).course, "course/course", settings=(("display_name", 'A "new" <name> & more'),))
    target = io.BytesIO()
    write(files(course), target)
    target.seek(0)
    again = parse(read(target)).course
    assert again.root.display_name == 'A "new" <name> & more'
    assert again.root.markup == b'<wiki slug="Twin.T1"/>'
    assert again.root.key == Key("course", "course")
