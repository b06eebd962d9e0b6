from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx.keys import CourseKey
from resolvers.paths.reading import LONGEST, MalformedPath, Path, read

RUN = "course-v1:edX+DemoX+2026"
UNIT = "block-v1:edX+DemoX+2026+type@vertical+block@u"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        (f"/course/{RUN}", f"/course/{RUN}"),
        (f"/course/{RUN}/", f"/course/{RUN}"),
        (f"//course//{RUN}///{UNIT}//", f"/course/{RUN}/{UNIT}"),
        (f"course/{RUN}", f"/course/{RUN}"),
        (f"/preview/course/{RUN}/{UNIT}", f"/preview/course/{RUN}/{UNIT}"),
        (f"/course/{RUN}?a=b&c=%41+d#x", f"/course/{RUN}?a=b&c=%41+d#x"),
        (f"/course/{RUN}/?", f"/course/{RUN}"),
        (f"/course/{quote(RUN, safe='')}", f"/course/{RUN}"),
        (f"/course/{quote(quote(RUN, safe=''), safe='')}/{quote(UNIT)}", f"/course/{RUN}/{UNIT}"),
        ("/course/edX%2FDemoX%2F2013", "/course/edX%2FDemoX%2F2013"),
        (f"/course/{RUN}/Ünit", f"/course/{RUN}/%C3%9Cnit"),
        (f"https://learning.example.org/course/{RUN}/{UNIT}?a#b", f"/course/{RUN}/{UNIT}?a#b"),
        (f"https://apps.example.org/learning/course/{RUN}/", f"/course/{RUN}"),
        (f"HTTP://apps.example.org/learning/preview/course/{RUN}", f"/preview/course/{RUN}"),
        (f"/course/{RUN}/progress/17", f"/course/{RUN}/progress/17"),
        (f"/course/{RUN}/discussion/a/b/c", f"/course/{RUN}/discussion/a/b/c"),
    ],
)
def test_what_people_link_to_is_spelled_in_one_way(text: str, spelled: str) -> None:
    """content.md, P17, form 8 and the reserved segments: decoded until stable, `+` stays `+`, queries are kept."""
    assert str(read(text)) == spelled
    assert str(read(spelled)) == spelled


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not start with"),
        ("/", "does not start with"),
        ("/courses/course-v1:a+b+c", "does not start with"),
        ("/course", "names no course"),
        ("/course/", "names no course"),
        ("/course/demo", "is no course key"),
        ("/course/library-v1:a+b", "it names a library"),
        (f"/course/{RUN}/a/b/c", "has 3 parts"),
        (f"/course/{RUN}/a b", "' ' at character"),
        (f"/course/{RUN}?a=b\r\nSet-Cookie:x", "at character"),
        (f"/course/{RUN}\\@evil.example.org", "at character"),
        (f"/course/{RUN}/%5c%5cevil", "cannot be a part"),
        (f"/course/{RUN}/%0d%0a", "cannot be a part"),
        (f"/course/{RUN}/%ff", "cannot be a part"),
        (f"/course/{RUN}/progress/..", "cannot be a part"),
        (f"/course/{RUN}/progress/%2e%2e/%2E", "cannot be a part"),
        ("/course/" + "%2525252525" + "3A", "more than 5 times"),
        (f"/course/{RUN}/" + "x" * LONGEST, "characters"),
        ("https://evil.example.org", "does not start with"),
        ("ftp://x/course/y", "does not start with"),
    ],
)
def test_other_texts_are_refused_with_a_reason(text: str, reason: str) -> None:
    """content.md, P13."""
    with pytest.raises(MalformedPath, match=reason):
        read(text)


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_text_is_read_or_refused_and_never_leads_to_another_host(text: str) -> None:
    try:
        found = str(read(f"/course/{RUN}/{text}"))
    except MalformedPath:
        return
    assert found.startswith(f"/course/{RUN}")
    assert found.isascii()
    assert found.isprintable()
    assert str(read(found)) == found


def test_another_place_in_the_course_keeps_the_query() -> None:
    path = Path(CourseKey.parse(RUN), ("a",), query="x=1", fragment="top")

    assert str(path.to("b")) == f"/course/{RUN}/b?x=1#top"
    assert str(path.to("b", fragment="ü")) == f"/course/{RUN}/b?x=1#%C3%BC"
