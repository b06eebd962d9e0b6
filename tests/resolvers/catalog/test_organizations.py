import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from db.engine import Database
from db.tables import Organization, OrganizationAlias
from resolvers.catalog import AnotherName, BadFact, OrganizationFacts, Outcome, upsert_organization
from resolvers.catalog.organizations import upsert_organizations
from tests.resolvers.catalog.conftest import rows, statements

ANU = OrganizationFacts("ANUx", "Australian National University", "In Canberra", "https://lms.example/anu.png")
COLUMNS = select(Organization.key, Organization.display_name, Organization.name_folded)
MOMENTS = select(Organization.created_at, Organization.updated_at)


async def told(database: Database, *many: OrganizationFacts) -> list[Outcome]:
    async with database.writing() as session:
        return [await upsert_organization(session, facts) for facts in many]


async def test_a_new_organization_is_found_by_its_key_in_any_case_from_then_on(database: Database) -> None:
    """spec/programs.md, "Organization": key and display name."""
    assert await told(database, ANU) == [Outcome.CREATED]
    assert await rows(database, COLUMNS) == [("ANUx", ANU.display_name, "australian national university")]
    assert await rows(database, select(Organization.description, Organization.logo_url)) == [
        ("In Canberra", "https://lms.example/anu.png")
    ]
    assert await rows(database, select(OrganizationAlias.alias)) == ["anux"]


async def test_telling_the_same_again_writes_nothing(database: Database) -> None:
    """spec/programs.md, "Population of Organizations": the command must be idempotent."""
    await told(database, ANU)
    before = await rows(database, MOMENTS)
    with statements(database) as sent:
        assert await told(database, ANU) == [Outcome.UNCHANGED]
    assert not [statement for statement in sent if statement.startswith(("INSERT", "UPDATE"))]
    assert await rows(database, MOMENTS) == before


async def test_a_renamed_organization_is_renamed(database: Database) -> None:
    await told(database, ANU)
    [(created, _)] = await rows(database, MOMENTS)
    assert await told(database, replace(ANU, display_name="The ANU")) == [Outcome.UPDATED]
    assert await rows(database, COLUMNS) == [("ANUx", "The ANU", "the anu")]
    [(still, updated)] = await rows(database, MOMENTS)
    assert still == created < updated


async def test_an_organization_without_a_name_sorts_by_its_key(database: Database) -> None:
    assert await told(database, ANU, OrganizationFacts("ANUx")) == [Outcome.CREATED, Outcome.UPDATED]
    assert await rows(database, COLUMNS) == [("ANUx", None, "anux")]


async def test_a_name_given_through_the_api_stays_while_the_rest_is_updated(database: Database) -> None:
    """spec/programs.md, "Course Runs": names may be customized via API calls; no synchronization undoes that."""
    await told(database, ANU)
    async with database.writing() as session:
        await session.execute(
            update(Organization).values(display_name="Ours", name_folded="ours", is_name_customized=True)
        )
    assert await told(database, ANU) == [Outcome.UNCHANGED]
    assert await told(database, replace(ANU, display_name="Theirs", description="New")) == [Outcome.UPDATED]
    assert await rows(database, COLUMNS) == [("ANUx", "Ours", "ours")]
    assert await rows(database, select(Organization.description)) == ["New"]


async def test_the_first_spelling_of_a_key_stays(database: Database) -> None:
    """spec/programs.md, "Organization": the key maps to the first component of course keys, whatever its case."""
    outcomes = await told(database, ANU, OrganizationFacts("anux", "Renamed"))
    assert outcomes == [Outcome.CREATED, Outcome.UPDATED]
    assert await rows(database, COLUMNS) == [("ANUx", "Renamed", "renamed")]


async def test_another_name_of_an_organization_does_not_rename_it(database: Database) -> None:
    """spec/b2b-courseware.md: `UAI_MIT` in course keys is the organization `MIT`."""
    await told(database, OrganizationFacts("MIT", "MIT"))
    async with database.writing() as session:
        [id_] = (await session.execute(select(Organization.id))).scalars()
        await session.execute(insert(OrganizationAlias).values(alias="uai_mit", organization_id=id_))
    with pytest.raises(AnotherName, match="another name of the organization MIT") as refused:
        await told(database, OrganizationFacts("UAI_MIT", "MIT for companies"))
    assert refused.value.organization == "MIT"
    assert await rows(database, COLUMNS) == [("MIT", "MIT", "mit")]


@pytest.mark.parametrize(
    "facts",
    [
        OrganizationFacts(""),
        OrganizationFacts("A B"),
        OrganizationFacts("A+B"),
        OrganizationFacts("A" * 65),
        OrganizationFacts("A", "N" * 256),
        OrganizationFacts("A", "N\0"),
        OrganizationFacts("A", description="\0"),
        OrganizationFacts("A", logo_url="\0"),
        OrganizationFacts("A", logo_url="javascript:alert(1)"),
        OrganizationFacts("A", logo_url="//[logo.png"),
    ],
)
async def test_what_no_row_can_hold_is_refused_and_stops_no_other(database: Database, facts: OrganizationFacts) -> None:
    async with database.writing() as session:
        bad, good = await upsert_organizations(session, [facts, ANU])
    assert isinstance(bad, BadFact)
    assert good is Outcome.CREATED
    assert await rows(database, select(Organization.key)) == ["ANUx"]


async def test_the_number_of_statements_does_not_grow_with_the_organizations(database: Database) -> None:
    counts: dict[int, list[int]] = {}
    for number in (2, 80):
        made = [OrganizationFacts(f"Made{number}x{i}", f"Name {i}") for i in range(number)]
        for facts in (made, [replace(one, display_name="Renamed") for one in made]):
            with statements(database) as sent:
                async with database.writing() as session:
                    await upsert_organizations(session, facts)
            counts.setdefault(number, []).append(len(sent))
    assert counts[2] == counts[80]
    assert max(counts[80]) <= 5


async def test_many_who_add_one_organization_at_once_make_one_of_it(database: Database) -> None:
    """spec/programs.md, "Population of CourseCodes": a get-or-create operation."""
    keys = ["ANUx", "anux", "Anux", "ANUX"]
    outcomes = await asyncio.gather(*(told(database, OrganizationFacts(key, "ANU")) for key in keys))
    assert sorted(outcome for [outcome] in outcomes) == [Outcome.CREATED] + 3 * [Outcome.UNCHANGED]
    assert len(await rows(database, COLUMNS)) == 1


@pytest.mark.parametrize(("text", "what"), [("N\0", "the character NUL"), ("N\ud800", "half of a surrogate pair")])
def test_texts_that_no_database_holds_are_refused(text: str, what: str) -> None:
    for field in ("display_name", "description"):
        with pytest.raises(BadFact, match=what):
            OrganizationFacts("MITx", **{field: text}).check()
