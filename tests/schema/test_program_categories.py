"""Categories of programs: which there are from the beginning, and what they ask of their programs."""

import pytest
from sqlalchemy import update

from db.engine import Database
from db.tables import ProgramCategory
from schema import schema
from server.execution import Executor
from tests.asking import ADMIN, LEARNER, Asking
from tests.schema.test_program_mutations import RUN, UNPUBLISHED, change, refused

CATEGORIES = "{ programCategories { totalCount nodes { slug displayName needsMarketingSlug modes { slug } } } }"


async def test_a_new_installation_has_the_categories_of_open_edx(database: Database) -> None:
    """§1.1 "category"; §5 "Mode rules per category": each category says which modes count for completion."""
    asking = Asking(database)
    found = (await asking.data(CATEGORIES, viewer=LEARNER))["programCategories"]

    assert asking.statements <= 3
    assert [
        (each["slug"], each["displayName"], each["needsMarketingSlug"], [mode["slug"] for mode in each["modes"]])
        for each in found["nodes"]
    ] == [
        ("masters", "Masters", False, ["masters"]),
        ("microbachelors", "MicroBachelors", False, ["verified"]),
        ("micromasters", "MicroMasters", False, ["verified"]),
        ("professional-certificate", "Professional Certificate", False, [
            "no-id-professional", "professional", "verified",
        ]),
        ("xseries", "XSeries", True, ["verified"]),
    ]  # fmt: skip
    assert found["totalCount"] == 5


async def test_a_program_of_each_of_them_can_be_made(database: Database, asking: Asking) -> None:
    """X2: `xseries` and `XSeries` are one."""
    for number, slug in enumerate(("xseries", "XSeries", "MicroMasters")):
        made = await change(asking, "createProgram", name=f"New {number}", category=slug, organizations=["Org0X"])
        assert made["program"]["category"]["slug"] == slug.lower()


@pytest.mark.parametrize(("needs_slug", "expected"), [(True, ["NO_MARKETING_SLUG"]), (False, [])])
async def test_an_active_xseries_program_needs_a_marketing_slug_and_others_do_not(
    asking: Asking, database: Database, *, needs_slug: bool, expected: list[str]
) -> None:
    """§2.2: "Active XSeries Programs must have a valid marketing slug"."""
    async with database.writing() as session:
        await session.execute(update(ProgramCategory).values(needs_marketing_slug=needs_slug))
    made = await change(
        asking, "createProgram", name="Circuits", category="xseries", organizations=["Org0X"],
        courses=["Org0X+C0.0x"], runModes=[{"run": RUN, "modeSlug": "verified"}],
    )  # fmt: skip
    id_ = made["program"]["id"]
    query = "query ($id: ID!) { program(id: $id) { publishability { reasons { code path } } } }"
    reasons = (await asking.data(query, {"id": id_}, viewer=ADMIN))["program"]["publishability"]["reasons"]

    assert [reason["code"] for reason in reasons] == expected
    if needs_slug:
        assert await refused(asking, "publishProgram", id=id_) == [("NOT_PUBLISHABLE", "status")]
        await change(asking, "updateProgram", id=id_, marketingSlug="circuits")
    assert (await change(asking, "publishProgram", id=id_))["program"]["status"] == "ACTIVE"


async def test_a_category_that_there_is_not_is_refused(asking: Asking) -> None:
    """§2.1."""
    assert await refused(asking, "updateProgram", id=UNPUBLISHED, category="nanodegree") == [
        ("CATEGORY_UNKNOWN", "category")
    ]


async def test_where_programs_are_switched_off_there_are_no_categories_and_the_lms_is_not_asked(
    asking: Asking, database: Database
) -> None:
    asking.executor = Executor(schema(), database, features=())
    assert (await asking.data(CATEGORIES, viewer=ADMIN))["programCategories"]["nodes"] == []

    query = '{ availableRunModes(organization: "Org0X", course: "C0.0x") { key } }'
    error = await asking.error(query, viewer=ADMIN)
    assert error["extensions"]["code"] == "FEATURE_DISABLED"
