"""Contracts through GraphQL: made, changed, switched on and off, with members and managers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.engine import Database
from db.tables import Contract, ContractMember, LearnerEnrollment, Organization, OrganizationAlias
from resolvers.access import Viewer
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.conftest import DIALECTS
from tests.contracts import FOREIGN, MANAGER, MEMBER, OTHER, READY, SOURCE, STAFF, add_contracts, enroll
from tests.resolvers.catalog.conftest import rows
from tests.schema.test_catalog_mutations import entries

SELECTION = """id number name membership isEnabled startDate endDate status maxLearners seatsUsed price welcome
  welcomeDetails description revision organization { key } members { nodes { username addedBy } }"""
ONE = "Contract:1"


@pytest.fixture
def dialect() -> str:
    """Most rules need no second database."""
    return "sqlite"


@pytest.fixture
async def asking(asking: Asking, database: Database) -> Asking:
    """An executor over the small catalog and its two contracts."""
    await add_contracts(database)
    return asking


def written(mutation: str, selection: str) -> str:
    name = mutation[0].upper() + mutation[1:]
    return (
        f"mutation ($input: {name}Input!) {{ payload: {mutation}(input: $input)"
        f" {{ {selection} userErrors {{ code field message }} }} }}"
    )


async def done(
    asking: Asking, mutation: str, viewer: Viewer = ADMIN, *, selection: str | None = None, **given: Any
) -> Any:
    """The contract, or whatever is selected, of a mutation that is done."""
    text = written(mutation, selection or f"contract {{ {SELECTION} }}")
    payload = (await asking.data(text, {"input": given}, viewer=viewer))["payload"]
    assert payload.pop("userErrors") == []
    return payload if selection else payload["contract"]


async def errors(asking: Asking, mutation: str, viewer: Viewer = ADMIN, **given: Any) -> list[tuple[str, str]]:
    """Code and field of the user errors."""
    data = await asking.data(written(mutation, "__typename"), {"input": given}, viewer=viewer)
    return [(error["code"], ".".join(error["field"] or [])) for error in data["payload"]["userErrors"]]


async def code(asking: Asking, mutation: str, viewer: Viewer, **given: Any) -> str:
    """The code of the one error of a mutation that is not let in."""
    error = await asking.error(written(mutation, "__typename"), {"input": given}, viewer=viewer)
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_contract_is_made_and_read_back(asking: Asking) -> None:
    made = await done(
        asking, "createContract", organization="ORG0X", name="Campus 2026",
        description="All of it", membership="CODE", startDate="2026-01-01", endDate="2999-12-31", maxLearners=500,
        price="1500.50", welcome="Welcome!", welcomeDetails="More",
    )  # fmt: skip
    assert made == {
        "id": "Contract:3", "number": 3, "name": "Campus 2026", "membership": "CODE", "isEnabled": True,
        "startDate": "2026-01-01", "endDate": "2999-12-31", "status": "ACTIVE", "maxLearners": 500, "seatsUsed": 0,
        "price": "1500.50", "welcome": "Welcome!", "welcomeDetails": "More", "description": "All of it",
        "revision": 1, "organization": {"key": "Org0X"}, "members": {"nodes": []},
    }  # fmt: skip
    query = (
        f'{{ contract(id: "Contract:3") {{ {SELECTION} }} node(id: "Contract:3") {{ ... on Contract {{ price }} }} }}'
    )
    found = await asking.data(query, viewer=ADMIN)
    assert found == {"contract": made, "node": {"price": "1500.50"}}


async def test_a_contract_needs_no_more_than_an_organization_and_a_name(asking: Asking) -> None:
    """1.2: managed, without dates, limit or price."""
    made = await done(asking, "createContract", organization="Org0X", name="Open")
    assert [made[name] for name in ("membership", "startDate", "endDate", "maxLearners", "price", "status")] == [
        "MANAGED", None, None, None, "0.00", "ACTIVE",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"organization": "Nobody"}, [("ORG_UNKNOWN", "organization")]),
        ({"name": ""}, [("REQUIRED", "name")]),
        ({"startDate": "2026-02-02", "endDate": "2026-02-01"}, [("INVALID_DATES", "endDate")]),
        ({"price": "0.001", "maxLearners": -5}, [("INVALID", "maxLearners"), ("INVALID", "price")]),
        ({"idempotencyKey": ""}, [("INVALID", "idempotencyKey")]),
    ],
)
async def test_what_is_no_contract_is_refused(
    asking: Asking, database: Database, given: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert await errors(asking, "createContract", **{"organization": "Org0X", "name": "C", **given}) == expected
    assert len(await rows(database, select(Contract.id))) == 2


@pytest.mark.parametrize("given", [{"startDate": "2026-02-30"}, {"startDate": "20260201"}, {"price": "much"}])
async def test_what_is_no_day_or_number_is_no_input(asking: Asking, given: dict[str, Any]) -> None:
    error = await asking.error(
        written("createContract", "__typename"), {"input": {"organization": "Org0X", "name": "C", **given}},
        viewer=ADMIN,
    )  # fmt: skip
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_organization_whose_key_fits_in_no_course_key_gets_no_contract(
    asking: Asking, database: Database
) -> None:
    """64 characters with the prefix: no course team could be given to longer ones (K6)."""
    async with database.writing() as session:
        await session.execute(update(Organization).where(Organization.key == "Org0X").values(key="O" * 61))
        await session.execute(update(Organization).where(Organization.key == "Org1X").values(key="P" * 60))
    assert await errors(asking, "createContract", organization="Org0X", name="C") == [("KEY_TOO_LONG", "organization")]
    assert await errors(asking, "setOrganizationPrefix", organization="Org0X", prefix="B2B") == [
        ("KEY_TOO_LONG", "prefix")
    ]
    assert await errors(asking, "setOrganizationPrefix", organization="Org1X", prefix="B2B") == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_request_that_is_sent_again_makes_one_contract(asking: Asking, database: Database) -> None:
    given: dict[str, Any] = {"organization": "Org0X", "name": "C", "idempotencyKey": "k"}
    made = await asyncio.gather(*(done(asking, "createContract", **given) for _ in range(5)))
    [contract] = {each["id"] for each in made}
    assert len(await rows(database, select(Contract.id))) == 3
    assert await errors(asking, "createContract", **given | {"name": "D"}) == [
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    ]
    [(action, subject, who, changes)] = await entries(database)
    assert (action, subject, who) == ("create", contract, "admin")
    assert '{"field":"organization","before":null,"after":"Org0X"}' in changes


async def test_terms_are_changed_one_by_one_and_emptied_by_null(asking: Asking, database: Database) -> None:
    """C4: start, end, price and limit are set and cleared."""
    await done(asking, "updateContract", id=ONE, startDate="2026-01-01", endDate=None, maxLearners=9, price="3")
    changed = await done(asking, "updateContract", id=ONE, maxLearners=None, name="New", price=None)
    assert [changed[name] for name in ("name", "startDate", "endDate", "maxLearners", "price", "revision")] == [
        "New", "2026-01-01", None, None, "0.00", 3,
    ]  # fmt: skip
    [(action, subject, who, _), (_, _, _, changes)] = await entries(database)
    assert (action, subject, who) == ("update", ONE, "admin")
    assert '{"field":"maxLearners","before":9,"after":null}' in changes


async def test_a_change_that_changes_nothing_is_none(asking: Asking, database: Database) -> None:
    assert (await done(asking, "updateContract", id=ONE, name="Contract 1"))["revision"] == 1
    assert (await done(asking, "activateContract", id=ONE))["revision"] == 1
    assert await entries(database) == []


async def test_what_is_agreed_already_is_no_change_however_it_is_written(asking: Asking, database: Database) -> None:
    """1.2: no price is none, and no limit either; `1.5` is `1.50`."""
    for price, seats, revision in (("1.5", 0, 2), ("1.50", None, 2), (None, 0, 3), ("0.00", None, 3)):
        changed = await done(asking, "updateContract", id=ONE, price=price, maxLearners=seats)
        assert changed["revision"] == revision
    assert len(await entries(database)) == 2


async def test_a_change_may_say_which_revision_it_is_for(asking: Asking) -> None:
    await done(asking, "updateContract", id=ONE, name="New", expectedRevision=1)
    for mutation in ("updateContract", "deactivateContract"):
        assert await errors(asking, mutation, id=ONE, expectedRevision=1) == [("REVISION_CONFLICT", "expectedRevision")]


async def test_a_contract_is_switched_off_and_on(asking: Asking, database: Database) -> None:
    """1.2: the switch; dates still apply."""
    off = await done(asking, "deactivateContract", id=ONE)
    assert (off["status"], off["revision"]) == ("DISABLED", 2)
    await done(asking, "updateContract", id=ONE, endDate="2020-01-01", startDate=None)
    assert (await done(asking, "activateContract", id=ONE))["status"] == "EXPIRED"
    assert [action for action, *_ in await entries(database)] == ["deactivate", "update", "activate"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_contracts_are_listed_by_status_organization_and_order(asking: Asking, database: Database) -> None:
    async with database.writing() as session:
        org = await session.scalar(select(Organization.id).where(Organization.key == "Org2X"))
        today = datetime.now(UTC)
        different: list[dict[str, Any]] = [
            {"is_enabled": False},
            {"start": today + timedelta(days=2)},
            {"end": today - timedelta(days=2)},
            {"max_learners": 1},
        ]
        for columns in different:
            session.add(Contract(organization_id=org, name="Z", name_folded="z", **columns))
            await session.flush()
        session.add(ContractMember(contract_id=6, username="ada", added_by="admin"))

    async def numbers(given: str) -> list[int]:
        data = await asking.data(f"{{ contracts{given} {{ totalCount nodes {{ number }} }} }}", viewer=ADMIN)
        found = [node["number"] for node in data["contracts"]["nodes"]]
        assert data["contracts"]["totalCount"] == len(found)
        return found

    for status, expected in [("DISABLED", [3]), ("UPCOMING", [4]), ("EXPIRED", [5]), ("FULL", [6]), ("ACTIVE", [1, 2])]:
        assert await numbers(f"(filter: {{ status: [{status}] }})") == expected
    assert await numbers('(filter: { org: "org2x", membership: [MANAGED], search: "z" })') == [3, 4, 5, 6]
    assert (await numbers("(orderBy: { field: START })"))[-1] == 4
    assert (await numbers("(orderBy: { field: END })"))[0] == 5
    order = "orderBy: { field: NUMBER, direction: DESC }"
    page = f"{{ contracts(first: 2, {order}) {{ nodes {{ number }} pageInfo {{ endCursor }} }} }}"
    first = (await asking.data(page, viewer=ADMIN))["contracts"]
    after = first["pageInfo"]["endCursor"]
    rest = await asking.data(f'{{ contracts(after: "{after}", {order}) {{ nodes {{ number }} }} }}', viewer=ADMIN)
    assert [node["number"] for node in first["nodes"] + rest["contracts"]["nodes"]] == [6, 5, 4, 3, 2, 1]


async def test_seats_used_are_learners_enrolled_in_the_contracts_runs(asking: Asking, database: Database) -> None:
    """Each learner counts once; the LMS's enrollments as they are known here."""
    await enroll(database, READY, "ada")
    await enroll(database, READY, "bob", is_active=False)
    await enroll(database, "course-v1:Org0X+C0.0x+R0", "cyd")
    query = "{ contracts(orderBy: { field: NUMBER }) { nodes { seatsUsed status } } }"
    found = await asking.data(query, viewer=ADMIN)
    assert [node["seatsUsed"] for node in found["contracts"]["nodes"]] == [1, 0]
    await enroll(database, READY, "dan")
    found = await asking.data(query, viewer=ADMIN)
    assert [node["status"] for node in found["contracts"]["nodes"]] == ["FULL", "ACTIVE"]
    async with database.writing() as session:
        await session.execute(update(LearnerEnrollment).values(is_active=False))
    found = await asking.data(query, viewer=ADMIN)
    assert [node["status"] for node in found["contracts"]["nodes"]] == ["ACTIVE", "ACTIVE"]


# Members


@pytest.mark.parametrize("viewer", [ADMIN, MANAGER, STAFF])
async def test_staff_and_managers_add_members_and_take_them_out(asking: Asking, viewer: Viewer) -> None:
    text = f"changedCount contract {{ {SELECTION} }}"
    who = ["member", "other"]  # the second belongs to another contract
    added = await done(asking, "addContractMembers", viewer, selection=text, contract=ONE, usernames=who)
    assert added["changedCount"] == 1
    assert [node["username"] for node in added["contract"]["members"]["nodes"]] == who
    assert added["contract"]["status"] == "FULL"
    gone = await done(asking, "removeContractMembers", viewer, selection=text, contract=ONE, usernames=["other", "eve"])
    assert gone["changedCount"] == 1
    assert [node["username"] for node in gone["contract"]["members"]["nodes"]] == ["member"]


async def test_no_more_members_are_added_than_there_are_seats(asking: Asking, database: Database) -> None:
    """C5, M2: all of them or none; who belongs to it already takes no other seat, nor who is in another's runs."""
    await enroll(database, FOREIGN, "u", "v")
    await enroll(database, READY, "w", "z", is_active=False)
    for names in (["ada", "bob"], ["ada", "ada", "other"]):
        assert await errors(asking, "addContractMembers", contract=ONE, usernames=names) == [
            ("CONTRACT_FULL", "usernames")
        ]
    await done(asking, "addContractMembers", contract=ONE, usernames=["ada", "ada", "member"])
    await done(asking, "addContractMembers", contract=ONE, usernames=["ada"])
    await done(asking, "removeContractMembers", contract=ONE, usernames=["ada", "member"])
    await enroll(database, READY, "x", "y")
    assert await errors(asking, "addContractMembers", contract=ONE, usernames=["ada"]) == [
        ("CONTRACT_FULL", "usernames")
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_two_who_want_the_last_seat_do_not_both_get_it(asking: Asking, database: Database) -> None:
    answers = await asyncio.gather(
        *(errors(asking, "addContractMembers", contract=ONE, usernames=[f"learner{i}"]) for i in range(5))
    )
    assert sorted(answers) == [[]] + [[("CONTRACT_FULL", "usernames")]] * 4
    assert len(await rows(database, select(ContractMember.id).where(ContractMember.contract_id == 1))) == 2


async def test_members_are_added_to_a_contract_that_is_in_effect_or_will_be(asking: Asking) -> None:
    await done(asking, "updateContract", id=ONE, startDate="2999-01-01", endDate=None)
    await done(asking, "addContractMembers", contract=ONE, usernames=["ada"])
    await done(asking, "deactivateContract", id=ONE)
    assert await errors(asking, "addContractMembers", contract=ONE, usernames=["bob"]) == [("CONTRACT_INACTIVE", "")]


async def test_taking_a_learner_out_leaves_others_and_enrollments_alone(asking: Asking, database: Database) -> None:
    """M6; once, one user's removal removed everybody's (#3033). Taking out nobody is not told in the history."""
    await done(asking, "addContractMembers", contract=ONE, usernames=["ada"])
    await enroll(database, READY, "member")
    for _ in range(2):
        await done(asking, "removeContractMembers", contract=ONE, usernames=["member"])
    assert await rows(database, select(ContractMember.username).order_by(ContractMember.username)) == ["ada", "other"]
    assert await rows(database, select(LearnerEnrollment.is_active)) == [True]
    assert [(action, subject, changes) for action, subject, _, changes in await entries(database)] == [
        ("add members", ONE, '[{"field":"ada","before":null,"after":"member"}]'),
        ("remove members", ONE, '[{"field":"member","before":"member","after":null}]'),
    ]


@pytest.mark.parametrize("names", [[], [" "], ["n" * 256], ["a\0"], ["a"] * 501])
async def test_what_is_no_list_of_names_is_refused(asking: Asking, names: list[str]) -> None:
    for mutation in ("addContractMembers", "removeContractMembers"):
        [(error, field)] = await errors(asking, mutation, contract=ONE, usernames=names)
        assert (error, field.split(".")[0]) == ("INVALID", "usernames")


# Rights


@pytest.mark.parametrize(
    ("viewer", "contract", "expected"),
    [
        (LEARNER, ONE, "FORBIDDEN"),
        (MEMBER, ONE, "FORBIDDEN"),
        (OTHER, ONE, "FORBIDDEN"),
        (AUTHOR, ONE, "FORBIDDEN"),
        (MANAGER, "Contract:2", "NOT_FOUND"),
        (STAFF, "Contract:2", "NOT_FOUND"),
        (ADMIN, "Contract:77", "NOT_FOUND"),
        (MANAGER, "Contract:77", "NOT_FOUND"),
        (ADMIN, "Program:1", "BAD_USER_INPUT"),
        (ADMIN, "Contract:x", "BAD_USER_INPUT"),
        (ADMIN, "Contract:99999999999999999999", "BAD_USER_INPUT"),
    ],
)
async def test_members_of_other_contracts_are_nobodys_business(
    asking: Asking, viewer: Viewer, contract: str, expected: str
) -> None:
    """M8: a manager of another organization is denied; a contract that is hidden is as one that is not there."""
    for mutation in ("addContractMembers", "removeContractMembers"):
        assert await code(asking, mutation, viewer, contract=contract, usernames=["ada"]) == expected


@pytest.mark.parametrize("viewer", [LEARNER, MEMBER, MANAGER, AUTHOR])
async def test_only_staff_makes_and_changes_contracts_and_managers(asking: Asking, viewer: Viewer) -> None:
    assert await code(asking, "createContract", viewer, organization="Org0X", name="C") == "FORBIDDEN"
    assert await code(asking, "updateContract", viewer, id=ONE, name="C") == "FORBIDDEN"
    assert await code(asking, "deactivateContract", viewer, id=ONE) == "FORBIDDEN"
    assert await code(asking, "setOrganizationManager", viewer, organization="Org0X", username="x") == "FORBIDDEN"
    assert await code(asking, "setOrganizationPrefix", viewer, organization="Org0X", prefix="B2B") == "FORBIDDEN"


async def test_an_admin_of_one_organization_has_its_contracts_only(asking: Asking) -> None:
    await done(asking, "updateContract", STAFF, id=ONE, name="Mine")
    assert (await done(asking, "createContract", STAFF, organization="Org0X", name="C"))["organization"][
        "key"
    ] == "Org0X"
    assert await code(asking, "updateContract", STAFF, id="Contract:2", name="C") == "NOT_FOUND"
    assert await code(asking, "createContract", STAFF, organization="Org1X", name="C") == "FORBIDDEN"


async def test_an_admin_of_one_organization_names_the_sources_of_its_courses_only(
    asking: Asking, database: Database
) -> None:
    """S1: a run of another organization is as one that is not there."""
    key = "courseRun { key }"
    for mutation in ("designateSourceRun", "clearSourceRun"):
        for _ in range(2):
            found = await done(asking, mutation, STAFF, selection=key, key=SOURCE)
            assert found["courseRun"] == {"key": SOURCE}
        for other in ("course-v1:Org1X+C0.0x+R0", "course-v1:No+Such+Run"):
            assert await code(asking, mutation, STAFF, key=other) == "NOT_FOUND"
    told = [(action, subject, who) for action, subject, who, _ in await entries(database)]
    assert told == [(action, f"CourseRun:{SOURCE}", "staff") for action in ("designate", "clear")]


async def test_a_manager_is_made_and_unmade(asking: Asking, database: Database) -> None:
    managed = "organization { managers { nodes { username addedBy organization { key } } } }"
    given: dict[str, Any] = {"organization": "Org0X", "username": "ada"}
    for _ in range(2):
        found = await done(asking, "setOrganizationManager", selection=managed, **given)
        names = [node["username"] for node in found["organization"]["managers"]["nodes"]]
        assert names == ["ada", "manager"]
    found = await done(asking, "setOrganizationManager", selection=managed, isManager=False, **given)
    assert [node["username"] for node in found["organization"]["managers"]["nodes"]] == ["manager"]
    assert len(await entries(database)) == 2
    assert await errors(asking, "setOrganizationManager", organization="Org0X", username="") == [
        ("INVALID", "username")
    ]


# Organizations


async def test_a_prefix_is_set_and_finds_the_organization(asking: Asking, database: Database) -> None:
    """`UAI_MIT` is MIT; organizations keep the names that their runs' keys have."""
    both = "organization { key prefix slug }"
    for prefix in ("B2B", "NONE", "NONE"):
        found = await done(asking, "setOrganizationPrefix", selection=both, organization="Org1X", prefix=prefix)
        assert found["organization"] == {"key": "Org1X", "prefix": prefix, "slug": None}
    found = await done(
        asking, "setOrganizationPrefix", selection=both, organization="B2B_ORG1X", prefix="UAI", slug="org-one"
    )
    assert found["organization"] == {"key": "Org1X", "prefix": "UAI", "slug": "org-one"}
    changes: list[tuple[dict[str, Any], str | None]] = [
        ({}, "org-one"), ({"slug": ""}, None), ({"slug": "org-one"}, "org-one"),
    ]  # fmt: skip
    for given, slug in changes:
        found = await done(asking, "setOrganizationPrefix", selection=both, organization="Org1X", prefix="UAI", **given)
        assert found["organization"]["slug"] == slug
    told = [text for action, *_, text in await entries(database) if action == "set prefix"]
    assert len(told) == 5
    assert told[-1] == '[{"field":"slug","before":null,"after":"org-one"}]'
    assert (await asking.data('{ organization(key: "uai_org1x") { key } }'))["organization"]["key"] == "Org1X"
    assert await errors(asking, "setOrganizationPrefix", organization="Org0X", prefix="UAI", slug="org-one") == [
        ("NAME_TAKEN", "slug")
    ]
    assert await errors(asking, "setOrganizationPrefix", organization="Org0X", prefix="UAI", slug="A B") == [
        ("INVALID", "slug")
    ]


async def test_a_prefix_that_makes_the_key_of_another_organization_is_refused(
    asking: Asking, database: Database
) -> None:
    async with database.writing() as session:
        org = await session.scalar(select(Organization.id).where(Organization.key == "Org2X"))
        session.add(OrganizationAlias(alias="b2b_org1x", organization_id=org))
    assert await errors(asking, "setOrganizationPrefix", organization="Org1X", prefix="B2B") == [
        ("ORG_KEY_TAKEN", "prefix")
    ]
