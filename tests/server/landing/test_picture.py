"""The picture of the main types says what the schema says."""

from xml.etree import ElementTree as ET

from graphql import build_schema

from schema import schema
from server.landing.picture import draw

SMALL = build_schema(
    """
    interface Node { id: ID! }
    type Query { ship(id: ID!): Ship }
    type Ship implements Node { id: ID! name: String! port: Port crew: SailorConnection! captain: Sailor! }
    type Port implements Node { id: ID! ships: [Ship!]! }
    type Sailor implements Node { id: ID! friends: [Sailor!]! }
    type SailorConnection { nodes: [Sailor!]! }
    """
)


def texts(picture: str, kind: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter("text") if element.get("class") == kind]  # noqa: S314 -- our own picture


def test_each_type_with_an_id_is_a_box_with_the_fields_that_lead_on() -> None:
    picture = draw(SMALL)
    assert texts(picture, "type") == ["Port", "Sailor", "Ship"]
    assert texts(picture, "field") == ["ships", "friends", "port", "crew", "captain"]
    assert texts(picture, "target") == ["Ship list", "Sailor list", "Port", "Sailor list", "Sailor"]


def test_a_line_joins_each_two_types_of_which_one_leads_to_the_other() -> None:
    assert draw(SMALL).count("<line ") == 2  # Port and Ship, Sailor and Ship; nothing leads to itself


def test_nothing_lies_outside_of_the_picture_or_on_something_else() -> None:
    picture = ET.fromstring(draw(schema()._schema))  # noqa: S314 -- our own picture
    _, _, width, height = (float(number) for number in picture.attrib["viewBox"].split())
    boxes = [[float(box.attrib[name]) for name in ("x", "y", "width", "height")] for box in picture.iter("rect")]
    assert len(boxes) >= 4
    for number, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + high <= height
        for other in boxes[:number]:
            assert x >= other[0] + other[2] or x + wide <= other[0] or y >= other[1] + other[3]


def test_the_picture_names_its_types_to_those_who_do_not_see_it() -> None:
    assert ET.fromstring(draw(SMALL)).attrib["aria-label"] == "Main types: Port, Sailor, Ship"  # noqa: S314 -- as above
