"""Who refers to whom while a course is edited."""

import pytest

from resolvers.content.links import Kind, Link
from resolvers.editing import references
from resolvers.editing.references import References
from tests.resolvers.editing.courses import FILES, course_of, key


def test_the_links_of_pages_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MOST", 1)
    other = {"html/both.xml": b'<html filename="both"/>', "html/both.html": b'<img src="/static/other.png">'}
    blocks = {block.key: block for block in course_of({**FILES, **other}).root.walk()}
    known = References()
    for _ in range(2):
        assert Link(Kind.ASSET, "leaf.png") in list(known.links(blocks[key("html/page")]))
        assert list(known.links(blocks[key("html/both")])) == [Link(Kind.ASSET, "other.png")]
