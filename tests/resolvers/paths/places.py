"""A course to find things in, and short ways to say what is expected."""

import re
from datetime import UTC, datetime
from typing import Any

from edx.blocks import BlockKey
from edx.keys import CourseKey
from edx.olx import Key
from resolvers.content.outline import Outline
from resolvers.content.visibility import Audience, Role
from resolvers.paths.answers import Resolution
from resolvers.paths.courseware import courseware
from resolvers.paths.resolution import resolve
from tests.resolvers.content.trees import node, outline

RUN = CourseKey("edX", "DemoX", "2026")
BASE = f"/course/{RUN}"
NOW = datetime(2020, 6, 1, tzinfo=UTC)
TOMORROW, YESTERDAY = "2020-06-02T00:00:00Z", "2020-05-31T00:00:00Z"
KINDS = {"w": "chapter", "s": "sequential", "u": "vertical", "p": "problem", "x": "split_test"}
PLAIN = outline(
    node("w1", node("s1", node("u1", node("problem/p1")), node("u2"), node("u3")), node("s2", node("u4"))),
    node("w2", node("s3", node("u5"), node("u2"))),
)


def key(name: str) -> Key:
    """`u1` is the vertical u1, `s1` a sequential and so on."""
    return Key(KINDS[name[0]], name)


def text(name: str) -> str:
    return str(BlockKey(RUN, *key(name)))


def path(names: str) -> str:
    """`s1/u2` written out; words that name no block stay as they are."""
    parts = [text(name) if re.fullmatch(r"[wsupx]\d", name) else name for name in names.split("/") if name]
    return "/".join([BASE, *parts])


def short(found: str | None) -> str | None:
    """A path the other way round."""
    if found is None:
        return None
    plain = found.removeprefix(BASE).replace("%3A", ":").replace("%40", "@").replace("%2B", "+")
    return re.sub(r"block-v1:edX\+DemoX\+2026\+type@\w+\+block@(\w+)", r"\1", plain).removeprefix("/")


def go(names: str, course: Outline = PLAIN, role: Role = Role.LEARNER, at: datetime = NOW, **more: Any) -> Resolution:
    return resolve(courseware(course), RUN, path(names), Audience(role, at), **more)


def steps(found: Resolution) -> list[tuple[str, str | None]]:
    return [(step.rule.value, short(step.path)) for step in found.steps]
