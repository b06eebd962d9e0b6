"""Fields that come from elsewhere than a column or a relation: computed values, batch sources, records, unions."""

from tests.asking import Asking
from tests.catalog import uuid

VISITS = """
    visits { at size course { key } earlier { at size course { perhapsOrganization { key } } } }
    lastVisit { size course { key } }
"""


async def test_values_are_computed_of_columns(odd: Asking) -> None:
    data = await odd.data(
        '{ nodes(ids: ["Organization:Org0X"]) { id ... on Organization { number size neededSize } } }'
    )

    assert data["nodes"] == [{"id": "Organization:Org0X", "number": 0, "size": "SMALL", "neededSize": "SMALL"}]


async def test_records_have_attributes_records_in_them_and_links_to_rows(odd: Asking) -> None:
    data = await odd.data(f"{{ organizations(first: 2) {{ nodes {{ {VISITS} }} }} }}")

    at = "2026-01-02T00:00:00Z"
    earlier = {"at": at, "size": "SMALL", "course": {"perhapsOrganization": {"key": "Org0X"}}}
    assert data["organizations"]["nodes"] == [
        {
            "visits": [
                {"at": at, "size": "SMALL", "course": {"key": "Org0X+C0.0x"}, "earlier": []},
                {"at": at, "size": "LARGE", "course": None, "earlier": [earlier, earlier]},
            ],
            "lastVisit": {"size": "LARGE", "course": None},
        },
        {"visits": [], "lastVisit": None},
    ]


async def test_a_missing_link_in_a_non_null_field_is_an_error(odd: Asking) -> None:
    response = await odd.response("{ organizations(first: 1) { nodes { lastVisit { neededCourse { key } } } } }")

    assert response["data"]["organizations"]["nodes"] == [{"lastVisit": None}]
    assert response["errors"][0]["path"] == ["organizations", "nodes", 0, "lastVisit", "neededCourse"]


async def test_records_take_as_many_statements_for_many_as_for_one(odd: Asking) -> None:
    counts = set()
    for first in (1, 2):
        await odd.data(f"{{ organizations(first: {first}) {{ nodes {{ {VISITS} }} }} }}")
        counts.add(odd.statements)

    assert counts == {4}


async def test_a_field_leads_to_one_of_several_types(odd: Asking) -> None:
    data = await odd.data(
        f"""{{ nodes(ids: ["Program:{uuid(5)}"]) {{ ... on Program {{ requirements {{ position
          target {{ __typename ... on Course {{ key }} ... on Program {{ name }} }}
          node {{ id ... on Course {{ perhapsOrganization {{ key }} }} }} }} }} }} }}"""
    )

    course = {"id": "Course:Org0X+C0.0x", "perhapsOrganization": {"key": "Org0X"}}
    requirements = data["nodes"][0]["requirements"]
    assert requirements[0] == {"position": 0, "target": None, "node": None}
    assert requirements[1] == {"position": 1, "target": {"__typename": "Course", "key": "Org0X+C0.0x"}, "node": course}
    assert requirements[-1]["target"] == {"__typename": "Program", "name": "Program 0"}
    assert requirements[-1]["node"] == {"id": f"Program:{uuid(0)}"}


async def test_a_fragment_of_another_type_selects_nothing(odd: Asking) -> None:
    data = await odd.data(
        """{ nodes(ids: ["Organization:Org0X", "Course:Org0X+C0.0x"]) { ...Parts ...Whole } }
        fragment Parts on Course { key } fragment Whole on Organization { number }"""
    )

    assert data["nodes"] == [{"number": 0}, {"key": "Org0X+C0.0x"}]


async def test_a_union_takes_no_statement_of_its_own(odd: Asking) -> None:
    await odd.data(
        "{ programs { nodes { requirements { target { ... on Course { key } ... on Program { name } } } } } }"
    )

    assert odd.statements == 2
