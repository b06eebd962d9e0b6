"""Who refers to what (F44, F45; spec/content-api.md, "Visibility into ported XBlock types")."""

import pytest

from edx.olx import Key
from resolvers.content.links import Kind, Link
from resolvers.content.references import references_of
from resolvers.content.search import Where, search
from tests.edx.olx.twins import COURSE, parsed

LINKED = {
    **COURSE,
    "html/body.html": b"<a href='/jump_to_id/sum'/><a href='/jump_to_id/gone'/><img src='/static/Green_leaf.png'>"
    b"<img src='/static/gone.png'>",
    "about/overview.html": b"<img src='/static/Green leaf.png'>",
    "static/sub/deep.css": b"p { background: url(/static/missing.png) }",
}


def test_assets_and_blocks_know_who_refers_to_them() -> None:
    found = references_of(parsed(LINKED).course)

    assert found.assets["static/Green leaf.png"] == ("html/page", "about/overview.html")
    assert found.blocks[Key("problem", "sum")] == ("html/page",)
    assert set(found.broken) == {
        ("html/page", Link(Kind.ASSET, "gone.png")),
        ("html/page", Link(Kind.BLOCK, "gone")),
        ("static/sub/deep.css", Link(Kind.ASSET, "missing.png")),
        ("video/film", Link(Kind.ASSET, "film.srt")),
    }
    assert found.unused == ("static/film-en.srt", "static/sub/deep.css")


def test_blocks_are_found_by_names_settings_and_text_without_regard_to_case() -> None:
    course = parsed(COURSE).course

    def found(text: str) -> list[tuple[str, Where, str | None]]:
        return [(str(match.block.key), match.where, match.setting) for match in search(course, text, 10)]

    assert found("UNIT 2") == [("vertical/u2", Where.NAME, None)]
    assert found("homework") == [("sequential/first", Where.SETTING, "format")]
    assert found("hello") == [("html/page", Where.TEXT, None)]
    assert found("nowhere") == []
    assert len(search(course, "u", 2)) == 2
    [match] = search(course, "hello", 1)
    assert match.excerpt.startswith("<p>Hello &nbsp;")


@pytest.mark.parametrize(
    "setting", ["lti_passports='[&quot;id:key:hush&quot;]'", "xml_attributes='{&quot;xqa_key&quot;: &quot;hush&quot;}'"]
)
def test_passwords_cannot_be_searched_for(setting: str) -> None:
    secret = COURSE["course/course.xml"].replace(b" start", f" {setting} start".encode())
    assert search(parsed({**COURSE, "course/course.xml": secret}).course, "hush", 5) == []


def test_the_picture_of_a_course_is_used_by_the_course() -> None:
    policy = COURSE["policies/course/policy.json"].replace(b'"tabs"', b'"course_image": "Green_leaf.png", "tabs"')
    page = {"html/body.html": b"<p/>", "policies/course/policy.json": policy}
    found = references_of(parsed({**COURSE, **page}).course)
    assert found.assets["static/Green leaf.png"] == ("course/course",)
    assert "static/Green leaf.png" not in found.unused
