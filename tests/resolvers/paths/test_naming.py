"""Slugs of sequences and units (`spec/courseware-paths.md`, "Further work"), through the mutation."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from db.tables import AuditEntry, BlockSlug
from edx.keys import CourseKey
from resolvers.errors import FeatureDisabled, NotFound
from resolvers.paths import naming
from tests.asking import ADMIN, AUTHOR, LEARNER
from tests.edx.courseware import BASE as BLOCKS
from tests.edx.simulator.situations import CS101, CS102
from tests.resolvers.paths.conftest import OLX, School
from tests.resolvers.paths.test_service import SQLITE, ask, at, one

SET = """mutation ($input: SetBlockSlugInput!) { setBlockSlug(input: $input) {
  slug formerSlugs path { canonicalPath readablePath error { code } } userErrors { code message field }
} }"""
FIRST, SECOND = (f"{BLOCKS}+type@sequential+block@{name}" for name in ("first", "second"))
U0, U3 = (f"{BLOCKS}+type@vertical+block@{name}" for name in ("u0", "u3"))
BASE = f"/course/{CS101}"


async def name(school: School, block: str, slug: str | None, **more: Any) -> dict[str, Any]:
    given = {"courseRun": CS101, "block": block, "slug": slug, **more}
    data = await school.asking.data(SET, {"input": given}, viewer=AUTHOR)
    payload: dict[str, Any] = data["setBlockSlug"]
    return payload


async def leads(school: School, names: str) -> str | None:
    """Where a path of slugs leads."""
    [found] = await ask(school, [f"{BASE}/{names}"], AUTHOR)
    return found.resolution.canonical


async def test_p25_slugs_lead_to_their_blocks_and_former_ones_go_on_to(school: School) -> None:
    """content.md, P25."""
    version = (await one(school, "", AUTHOR)).version
    assert (await name(school, FIRST, "Being_Social"))["path"]["error"] is None
    named = await name(school, U0, "Teams")
    assert named["path"] == {
        "canonicalPath": at("first/u0"), "readablePath": f"{BASE}/Being_Social/Teams", "error": None
    }  # fmt: skip

    renamed = await name(school, FIRST, "Together")

    assert (renamed["slug"], renamed["formerSlugs"]) == ("Together", ["Being_Social"])
    for names in ("Being_Social/Teams", "together/TEAMS", "Together/first"):
        assert await leads(school, names) == at("first/u0")
    assert (await one(school, "", AUTHOR)).version == version, "the content is what it was"
    back = await name(school, FIRST, "being_social")
    assert (back["slug"], back["formerSlugs"]) == ("being_social", ["Together"])
    assert (await name(school, FIRST, "third"))["formerSlugs"] == ["Together", "being_social"]


@SQLITE
async def test_slugs_survive_new_content_and_belong_to_their_run(school: School) -> None:
    await name(school, FIRST, "social")
    await school.bring(OLX.replace(b'display_name="First"', b'display_name="First of all"'))

    assert await leads(school, "social") == at("first/u0")


@SQLITE
async def test_a_slug_can_be_taken_away_and_leads_on(school: School) -> None:
    await name(school, FIRST, "social")

    gone = await name(school, FIRST, None)

    assert (gone["slug"], gone["formerSlugs"], gone["path"]["readablePath"]) == (None, ["social"], None)
    assert await leads(school, "social") == at("first/u0")


@SQLITE
async def test_the_same_again_changes_nothing(school: School) -> None:
    for _ in range(2):
        assert (await name(school, FIRST, "social"))["formerSlugs"] == []
    async with school.database.writing() as session:
        entries = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "set slug"))).all()
    assert [(entry.subject, entry.username) for entry in entries] == [(f"CourseRun:{CS101}", "author")]


@SQLITE
async def test_a_slug_is_unique_in_the_run_or_in_the_sequence_former_ones_too(school: School) -> None:
    """content.md, P25: a sequence's in the course, a unit's in its sequence."""
    await name(school, FIRST, "one")
    await name(school, FIRST, "two")

    taken = await name(school, SECOND, "ONE")
    free = await name(school, U3, "one")

    assert [(error["code"], error["field"]) for error in taken["userErrors"]] == [("SLUG_TAKEN", ["slug"])]
    assert "was once" in taken["userErrors"][0]["message"]
    assert free["slug"] == "one"


@SQLITE
@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"block": FIRST, "slug": "first"}, "INVALID", "slug"),
        ({"block": FIRST, "slug": "progress"}, "INVALID", "slug"),
        ({"block": FIRST, "slug": "a b"}, "INVALID", "slug"),
        ({"block": FIRST, "slug": ""}, "INVALID", "slug"),
        ({"block": FIRST, "slug": "x" * 101}, "INVALID", "slug"),
        ({"block": "first", "slug": "x"}, "INVALID", "block"),
        ({"block": FIRST + "x", "slug": "x"}, "BLOCK_UNKNOWN", "block"),
        ({"block": FIRST.replace("CS101", "CS102"), "slug": "x"}, "BLOCK_UNKNOWN", "block"),
        ({"block": f"{BLOCKS}+type@chapter+block@one", "slug": "x"}, "BLOCK_UNKNOWN", "block"),
        ({"block": U0, "slug": "x", "sequence": SECOND}, "BLOCK_UNKNOWN", "block"),
        ({"block": U0, "slug": "x", "sequence": SECOND + "x"}, "BLOCK_UNKNOWN", "sequence"),
    ],
)
async def test_what_cannot_be_named_so_is_a_user_error(
    school: School, given: dict[str, str], code: str, field: str
) -> None:
    payload = await name(school, **given)

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, [field])]
    assert (payload["path"], payload["slug"]) == (None, None)


@SQLITE
@pytest.mark.parametrize(
    ("run", "viewer", "code"),
    [
        (CS101, LEARNER, "FORBIDDEN"),
        ("nonsense", LEARNER, "FORBIDDEN"),
        ("nonsense", ADMIN, "BAD_USER_INPUT"),
        (CS102, ADMIN, "NOT_FOUND"),
        ("course-v1:a+b+c", ADMIN, "NOT_FOUND"),
    ],
)
async def test_who_may_not_or_names_no_run_gets_an_error(school: School, run: str, viewer: Any, code: str) -> None:
    given = {"courseRun": run, "block": FIRST, "slug": "x"}

    error = await school.asking.error(SET, {"input": given}, viewer=viewer)

    assert error["extensions"]["code"] == code


async def test_of_two_who_want_one_slug_at_once_one_gets_it(school: School) -> None:
    taken = await asyncio.gather(*(name(school, block, "wanted") for block in (FIRST, SECOND) for _ in range(2)))

    async with school.database.writing() as session:
        rows = (await session.scalars(select(BlockSlug))).all()
    assert [row.slug for row in rows] == ["wanted"]
    assert sorted(len(payload["userErrors"]) for payload in taken) == [0, 0, 1, 1]


async def test_a_run_that_is_gone_meanwhile_is_not_named(school: School) -> None:
    async with school.asking.database.writing() as session:
        with pytest.raises(NotFound):
            await naming._locked(session, ADMIN, CourseKey.parse("course-v1:a+b+c"))


async def test_without_content_nothing_is_named() -> None:
    context = SimpleNamespace(paths=SimpleNamespace(places=None))
    with pytest.raises(FeatureDisabled):
        await naming._content(context, CourseKey.parse("course-v1:a+b+c"))
