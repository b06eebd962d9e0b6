"""Links in content (F44, F45 of the notes on OLX)."""

from collections import Counter

import pytest

from edx.olx import Assets, Block, parse, read
from resolvers.content.links import Kind, Link, links_in, links_of, may_need_library
from tests.edx.olx.test_demo import OLX


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<img src='/static/Green_leaf.png'>", "Green_leaf.png"),
        ('<a href="/static/a%20b.pdf#page=2">', "a%20b.pdf"),
        ("body { background: url(/static/dark.png) }", "dark.png"),
        ('{"url": "/static/a (1).png"}', "a (1"),
        ("/static/sub/deep.css?v=2", "sub/deep.css"),
        ('src="/asset-v1:edX+DemoX+2026+type@asset+block@film.mp4"', "film.mp4"),
        ('src="/c4x/edX/DemoX/asset/old.png"', "old.png"),
    ],
)
def test_assets_are_found_by_every_form_of_link(text: str, name: str) -> None:
    assert list(links_in(text)) == [Link(Kind.ASSET, name)]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("<a href='/jump_to_id/abc'>", Link(Kind.BLOCK, "abc")),
        ("block-v1:edX+DemoX+2026+type@vertical+block@u1", Link(Kind.BLOCK, "u1", "vertical")),
        ('"i4x://edX/DemoX/vertical/u1"', Link(Kind.BLOCK, "u1", "vertical")),
        ("/courses/course-v1:a+b+c/jump_to/block-v1:a+b+c+type@html+block@x", Link(Kind.BLOCK, "x", "html")),
    ],
)
def test_blocks_are_found_by_every_form_of_link(text: str, link: Link) -> None:
    assert list(links_in(text)) == [link]


def test_text_without_links_has_none() -> None:
    assert list(links_in("static /static/ jump_to_id /jump_to_id/ block-v1:x i4x:// https://a.b/static/c.png")) == []


def test_links_of_a_block_are_those_of_its_settings_markup_and_page() -> None:
    block = Block(
        "html",
        "h",
        (("data", '{"image": "/static/a.png"}'), ("course_image", "b.png")),
        markup=b"<a href='/static/c.png'/>",
    )
    assert [link.name for link in links_of(block, b"<img src='/static/d.png'>")] == ["a.png", "c.png", "d.png", "b.png"]
    assert [link.name for link in links_of(Block("x", "y", markup=b"{&quot;/static/e.png&quot;}"), None)] == ["e.png"]


def test_a_video_needs_its_subtitles_and_a_script_its_library() -> None:
    video = Block(
        "video",
        "v",
        (("sub", "abc"), ("transcripts", '{"de": "v-de.srt"}')),
        markup=b'<transcript language="en" src="v-en.srt"/>',
    )
    assert [link.name for link in links_of(video, None)] == ["subs_abc.srt.sjson", "v-de.srt", "v-en.srt"]
    broken = Block("video", "v", (("transcripts", "not json"),))
    assert links_of(broken, None) == []
    problem = Block("problem", "p", markup=b'<script type="loncapa/python">import lib</script>')
    assert may_need_library(problem)
    assert not may_need_library(video)


@pytest.mark.skipif(not OLX.is_dir(), reason="the official demo course is not beside the repository")
def test_no_link_of_the_demo_course_is_broken() -> None:
    """Notes on OLX, §4: 25 different blocks are jumped to, and there is no dangling reference."""
    course = parse(read(OLX / "demo-course")).course
    assets, names = Assets(course.assets), {block.url_name for block in course.root.walk()}
    found = Counter(
        link for block in course.root.walk() for link in links_of(block, block.body.blob.read() if block.body else None)
    )
    broken = [link.name for link in found if link.kind is Kind.ASSET and not assets.find(link.name)]
    jumps = {link.name for link in found if link.kind is Kind.BLOCK and not link.type}

    assert set(broken) <= {"thumbnail_demox.jpeg", "python_lib.zip"}
    assert len(jumps) == 25
    assert jumps <= names


def test_a_link_to_the_folder_of_files_itself_names_none() -> None:
    assert list(links_in('<a href="/static/?v=2"> <a href="/static/#top">')) == []


@pytest.mark.parametrize("transcripts", ["[]", "nonsense", '{"en": 3}'])
def test_transcripts_that_are_no_list_of_files_name_none(transcripts: str) -> None:
    block = Block("video", "film", (("transcripts", transcripts), ("sub", "abc")))
    assert list(links_of(block, None)) == [Link(Kind.ASSET, "subs_abc.srt.sjson")]
