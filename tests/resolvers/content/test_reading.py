"""What is shown of the blocks of a version."""

from dataclasses import replace

from db.store import Head
from edx.keys import CourseKey
from edx.olx import Block
from resolvers.content.load import Content, Loaded
from resolvers.content.nodes import write
from resolvers.content.reading import ContentRecord, in_thread
from tests.resolvers.editing.courses import demo


def test_of_a_block_that_no_file_could_hold_what_it_says_is_shown() -> None:
    odd = Block("html", "odd", (("not a name", "x"),), markup=b"<p>1</p>", pointer=None)
    course = demo()
    course = replace(course, root=replace(course.root, children=(*course.root.children, odd)))
    written = write(course)
    head = Head(1, 1, 1, written.root, written.frame, 1, 1, 1)
    record = ContentRecord(Loaded(head, Content(course, written.blocks)), CourseKey("O", "C", "R"))
    assert record.block(odd.key).olx() == "<p>1</p>"


async def test_what_goes_wrong_with_one_block_is_told_of_that_one() -> None:
    found = await in_thread([1, 0], lambda number: 1 // number)
    assert found[1] == 1
    assert isinstance(found[0], ZeroDivisionError)
