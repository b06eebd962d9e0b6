import pytest

from edx.blocks import BlockKey
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey

RUN = CourseKey("edX", "DemoX", "2026")
OLD = CourseKey("edX", "DemoX", "2013", deprecated=True)
UNIT = "block-v1:edX+DemoX+2026+type@vertical+block@intro"


@pytest.mark.parametrize(
    ("text", "among", "key"),
    [
        (UNIT, RUN, BlockKey(RUN, "vertical", "intro")),
        ("block-v1:a+b+c+type@html+block@Ünit.1:x~y", RUN, BlockKey(CourseKey("a", "b", "c"), "html", "Ünit.1:x~y")),
        ("i4x://edX/DemoX/vertical/intro", OLD, BlockKey(OLD, "vertical", "intro")),
    ],
)
def test_keys_are_read_and_written_again(text: str, among: CourseKey, key: BlockKey) -> None:
    """content.md, F14."""
    assert BlockKey.parse(text, among=among) == key
    assert str(key) == text


@pytest.mark.parametrize("qualifier", ["+branch@draft-branch", "+branch@published-branch+version@5f0c", "+version@5f"])
def test_a_branch_and_a_version_are_left_out(qualifier: str) -> None:
    text = UNIT.replace("+type@", f"{qualifier}+type@")

    assert BlockKey.parse(text, among=RUN) == BlockKey(RUN, "vertical", "intro")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "intro",
        "block-v1:edX+DemoX+2026",
        "block-v1:edX+DemoX+type@vertical+block@intro",
        UNIT + "\n",
        UNIT + "@x",
        UNIT.replace("@", "%40"),
        "block-v1:edX+DemoX+2026+type@vertical+block@",
        "i4x://edX/DemoX/vertical",
        "asset-v1:edX+DemoX+2026+type@asset+block@intro.png",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidCourseKey):
        BlockKey.parse(text, among=RUN)
