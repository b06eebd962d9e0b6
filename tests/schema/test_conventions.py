"""The conventions that the whole schema keeps (design §5, `docs/schema.md`), looked at by a walk over all of it.

Each test names every offender at once.
"""

import re
from collections import defaultdict
from datetime import date

import pytest
from graphql import (
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

from schema import schema
from tests.schema.coordinates import members_of, types_of

SCHEMA = schema()._schema
TYPES = types_of(SCHEMA)
OBJECTS = {name: kind for name, kind in TYPES.items() if isinstance(kind, GraphQLObjectType)}
INPUTS = {name: kind for name, kind in TYPES.items() if isinstance(kind, GraphQLInputObjectType)}
CONNECTIONS = [name for name in OBJECTS if name.endswith("Connection")]
ENTITIES = [name for name, kind in OBJECTS.items() if any(each.name == "Node" for each in kind.interfaces)]
MUTATIONS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}
QUERIES = SCHEMA.query_type.fields if SCHEMA.query_type else {}

VERBS = (
    "accept|acquire|activate|add|apply|archive|associate|attach|break|cancel|check|clear|clone|complete|create|"
    "deactivate|delete|designate|detach|disable|discard|dissociate|drop|enable|end|enroll|export|extend|grant|"
    "import|leave|lock|merge|move|pin|plan|publish|pull|push|put|reconcile|refresh|register|release|remove|rename|renew|reorder|"
    "replace|rerun|reset|restore|retire|retry|revert|revoke|set|start|stop|sync|unarchive|unenroll|unlock|"
    "unpin|unpublish|update|upload|upsert|validate"
)
DEPRECATION = re.compile(r"(Use `\w+(\.\w+)?` instead|No replacement)\. Removal after (\d{4}-\d\d-\d\d)\.")

PAGE_ARGUMENTS = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
MEMBERS = dict(members_of(SCHEMA))
PAGED = {
    coordinate: field
    for coordinate, field in MEMBERS.items()
    if isinstance(field, GraphQLField) and get_named_type(field.type).name.endswith("Connection")
}


def test_the_walk_sees_the_whole_schema() -> None:
    assert len(MEMBERS) > 200
    assert len(CONNECTIONS) >= 4
    assert len(MUTATIONS) >= 10
    assert {"Query.course(key:)", "Program.status", "ProgramStatus.ACTIVE", "ProgramFilter.search"} <= set(MEMBERS)


# Descriptions


def test_everything_is_described_by_a_sentence() -> None:
    texts = {name: kind.description for name, kind in TYPES.items()}
    texts |= {coordinate: member.description for coordinate, member in MEMBERS.items()}
    texts |= {"schema": SCHEMA.description} if SCHEMA.description else {}
    assert not {name: text for name, text in texts.items() if not text or not re.search(r"[.`)]$", text.strip())}


def test_no_name_of_the_code_shows() -> None:
    texts = [f"{coordinate} {member.description}" for coordinate, member in MEMBERS.items()]
    assert not [text for text in texts if re.search(r"\bstrawberry\b|\bresolver|\bsqlalchemy\b|__\w+__", text)]


# Names


def test_names_have_the_case_that_clients_expect() -> None:
    wrong = {name for name in TYPES if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)}
    for coordinate, member in MEMBERS.items():
        name = re.split(r"[.(]", coordinate)[-1].rstrip(":)")
        form = r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*" if isinstance(member, GraphQLEnumValue) else r"[a-z][A-Za-z0-9]*"
        if not re.fullmatch(form, name):
            wrong.add(coordinate)
    assert not wrong


def test_kinds_of_types_show_in_their_names() -> None:
    assert not [name for name in INPUTS if not re.search(r"(Input|Filter|Order)$", name)]
    others = [name for name in TYPES if name not in INPUTS]
    assert not [name for name in others if re.search(r"(Input|Filter|Order|Enum|Type|Interface)$", name)]


def test_truths_are_questions_that_can_be_answered_with_yes() -> None:
    """But for the switches of `features`, which are called what they switch."""
    truths = [
        coordinate
        for coordinate, member in MEMBERS.items()
        if isinstance(member, GraphQLField) and get_named_type(member.type).name == "Boolean"
    ]
    assert truths
    question = re.compile(r"Features\.\w+|\w+\.((is|has|can|may|needs|was|does)[A-Z]\w*|ready)")
    assert not [coordinate for coordinate in truths if not question.fullmatch(coordinate)]


def test_times_are_named_after_what_happens_then() -> None:
    times = {
        coordinate.rpartition(".")[2]
        for coordinate, member in MEMBERS.items()
        if isinstance(member, GraphQLField) and get_named_type(member.type).name == "DateTime"
    }
    assert {"createdAt", "updatedAt"} <= times
    assert not [name for name in times if re.search(r"(Time|Date|Timestamp|On)$", name)]


# Objects


def test_whatever_has_an_id_is_found_by_it() -> None:
    assert [name for name, kind in OBJECTS.items() if "id" in kind.fields] == ENTITIES
    assert not [name for name in ENTITIES if str(OBJECTS[name].fields["id"].type) != "ID!"]


def test_no_two_types_say_the_same() -> None:
    """But for payloads, of which each mutation has its own so that it may tell more some day."""
    names = defaultdict(list)
    for name, kind in OBJECTS.items():
        if not name.endswith("Payload"):
            names[str({field: str(each.type) for field, each in kind.fields.items()})].append(name)
    assert not [alike for alike in names.values() if len(alike) > 1]


def test_each_kind_of_object_is_found_at_the_root_alone_and_in_a_list() -> None:
    single = {get_named_type(field.type).name for field in QUERIES.values() if not is_list_type(field.type)}
    assert set(ENTITIES) <= single
    assert {f"{name}Connection" for name in ENTITIES} <= single


def test_root_fields_are_nullable_so_that_one_that_fails_leaves_the_others() -> None:
    for root in (SCHEMA.query_type, SCHEMA.mutation_type):
        assert root is not None
        assert [name for name, field in root.fields.items() if is_non_null_type(field.type)] == []


def test_lists_have_no_holes() -> None:
    """Only `nodes(ids:)` answers null for an object that is not there, so that the others keep their places."""
    holes = [
        coordinate
        for coordinate, member in MEMBERS.items()
        if not isinstance(member, GraphQLEnumValue) and re.search(r"\w\]", str(member.type))
    ]
    assert holes == ["Query.nodes"]


def test_lists_are_empty_rather_than_null() -> None:
    """But for the `field` of a user error: without one, it is about the input as a whole."""
    nullable = {
        coordinate.rpartition(".")[2]
        for coordinate, member in MEMBERS.items()
        if isinstance(member, GraphQLField) and is_list_type(member.type) and not coordinate.startswith("Query.")
    }
    assert nullable <= {"field"}


# Connections


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_connection_has_edges_nodes_a_place_and_a_total(name: str) -> None:
    node = name.removesuffix("Connection")
    assert {field: str(definition.type) for field, definition in OBJECTS[name].fields.items()} == {
        "edges": f"[{node}Edge!]!",
        "nodes": f"[{node}!]!",
        "pageInfo": "PageInfo!",
        "totalCount": "Int!",
    }
    assert {field: str(definition.type) for field, definition in OBJECTS[f"{node}Edge"].fields.items()} == {
        "cursor": "String!",
        "node": f"{node}!",
    }


def test_the_place_of_a_page_is_that_of_relay() -> None:
    assert {field: str(definition.type) for field, definition in OBJECTS["PageInfo"].fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


@pytest.mark.parametrize("coordinate", list(PAGED))
def test_a_paged_field_takes_pages_and_at_most_one_filter_and_one_order(coordinate: str) -> None:
    arguments = {name: str(argument.type) for name, argument in PAGED[coordinate].args.items()}
    kind = get_named_type(PAGED[coordinate].type).name.removesuffix("Connection")
    allowed = {**PAGE_ARGUMENTS, "filter": f"{kind}Filter", "orderBy": f"{kind}Order"}
    assert PAGE_ARGUMENTS.items() <= arguments.items() <= allowed.items()
    assert "100 at most" in (PAGED[coordinate].args["first"].description or "")


@pytest.mark.parametrize("name", [name for name in INPUTS if name.endswith("Order")])
def test_an_order_is_a_field_and_a_direction(name: str) -> None:
    fields = {field: str(definition.type) for field, definition in INPUTS[name].fields.items()}
    assert fields == {"field": f"{name}Field!", "direction": "OrderDirection"}
    assert "by default" in (INPUTS[name].fields["direction"].description or "")


@pytest.mark.parametrize("name", [name for name in INPUTS if name.endswith("Filter")])
def test_every_condition_of_a_filter_may_be_left_out(name: str) -> None:
    assert [field for field, each in INPUTS[name].fields.items() if is_non_null_type(each.type)] == []


# Mutations


def is_composite(kind: GraphQLOutputType) -> bool:
    return get_named_type(kind).name in OBJECTS


def capitalized(name: str) -> str:
    return name[0].upper() + name[1:]


@pytest.mark.parametrize("name", list(MUTATIONS))
def test_a_mutation_is_a_verb_and_a_noun(name: str) -> None:
    assert re.fullmatch(rf"({VERBS})[A-Z]\w*", name)


@pytest.mark.parametrize("name", list(MUTATIONS))
def test_a_mutation_takes_one_input_of_its_own_and_answers_a_payload_of_its_own(name: str) -> None:
    field = MUTATIONS[name]
    assert {argument: str(each.type) for argument, each in field.args.items()} == {
        "input": f"{capitalized(name)}Input!"
    }
    assert str(field.type) == f"{capitalized(name)}Payload"


@pytest.mark.parametrize("name", [name for name in OBJECTS if name.endswith("Payload")])
def test_a_payload_has_user_errors_and_no_object_that_must_be_there(name: str) -> None:
    fields = OBJECTS[name].fields
    assert str(fields["userErrors"].type) == "[UserError!]!"
    single = {field: each.type for field, each in fields.items() if not is_list_type(get_nullable_type(each.type))}
    assert not [field for field, kind in single.items() if is_non_null_type(kind) and is_composite(kind)]
    assert len([mutation for mutation in MUTATIONS if f"{capitalized(mutation)}Payload" == name]) == 1
    if name.removeprefix("Delete").removesuffix("Payload") in ENTITIES:
        assert str(fields["deletedId"].type) == "ID"


@pytest.mark.parametrize("name", list(MUTATIONS))
def test_a_change_of_what_has_revisions_may_say_which_one_it_was_made_for(name: str) -> None:
    payload = OBJECTS[f"{capitalized(name)}Payload"]
    changed = [OBJECTS.get(get_named_type(field.type).name) for field in payload.fields.values()]
    has_revision = any(kind is not None and "revision" in kind.fields for kind in changed)
    fields = INPUTS[f"{capitalized(name)}Input"].fields
    if has_revision and "id" in fields:
        assert str(fields["expectedRevision"].type) == "Int"


def test_user_errors_have_a_code_a_message_and_a_path() -> None:
    error = TYPES["UserError"]
    assert isinstance(error, GraphQLInterfaceType)
    kinds: list[GraphQLInterfaceType | GraphQLObjectType] = [error, *SCHEMA.get_implementations(error).objects]
    assert len(kinds) >= 2
    for kind in kinds:
        fields = {field: str(definition.type) for field, definition in kind.fields.items()}
        assert fields.items() >= {"code": "UserErrorCode!", "message": "String!", "field": "[String!]"}.items()


@pytest.mark.parametrize("name", [name for name in INPUTS if re.match(r"(Create|Rerun|Clone)\w+Input$", name)])
def test_whatever_makes_something_can_be_sent_twice(name: str) -> None:
    assert str(INPUTS[name].fields["idempotencyKey"].type) == "String"


# Scalars, deprecation


def test_scalars_of_our_own_say_where_they_are_specified() -> None:
    own = [kind for kind in TYPES.values() if isinstance(kind, GraphQLScalarType)]
    assert own
    assert [kind.name for kind in own if not kind.specified_by_url] == []


def test_what_is_deprecated_names_what_to_use_and_until_when() -> None:
    reasons = {name: member.deprecation_reason for name, member in MEMBERS.items() if member.deprecation_reason}
    assert not {name: reason for name, reason in reasons.items() if not is_well_deprecated(reason)}


def is_well_deprecated(reason: str) -> bool:
    found = DEPRECATION.fullmatch(reason)
    return found is not None and date.fromisoformat(found[3]) is not None


@pytest.mark.parametrize(
    ("reason", "is_good"),
    [
        ("Use `runs` instead. Removal after 2027-06-30.", True),
        ("Use `Course.runs` instead. Removal after 2027-06-30.", True),
        ("No replacement. Removal after 2027-06-30.", True),
        ("Use `runs` instead.", False),
        ("Old. Removal after 2027-06-30.", False),
        ("No longer supported", False),
    ],
)
def test_a_deprecation_is_judged_by_its_words(reason: str, is_good: bool) -> None:
    assert is_well_deprecated(reason) is is_good
