"""A picture of the schema's main types and what leads from one to another, drawn from the schema itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

COLUMNS = 2
BOX = 264
GAP = 56
LINE = 20
HEAD = 40
FOOT = 14


@dataclass(frozen=True)
class Box:
    """One type: its name, and the fields that lead to types of the picture, such as ("runs", "CourseRun list")."""

    name: str
    fields: Sequence[tuple[str, str]]
    x: int
    y: int
    height: int

    @property
    def middle(self) -> tuple[float, float]:
        """The point between which lines are drawn."""
        return self.x + BOX / 2, self.y + self.height / 2


def draw(schema: GraphQLSchema) -> str:
    """The picture as an SVG element, to be styled by classes: boxes of all types that have an id, and lines."""
    relations = {kind.name: list(_relations(kind, schema)) for kind in _main_types(schema)}
    boxes = _placed(relations)
    width = max(box.x for box in boxes) + BOX + 1
    height = max(box.y + box.height for box in boxes) + 1
    label = f"Main types: {', '.join(relations)}"
    parts = [*_lines(boxes, relations), *(part for box in boxes for part in _box(box))]
    return f'<svg role="img" aria-label="{label}" viewBox="-1 -1 {width + 1} {height + 1}">{"".join(parts)}</svg>'


def _main_types(schema: GraphQLSchema) -> Sequence[GraphQLObjectType]:
    """The types of objects that have an id of their own, in alphabetical order."""
    found = [
        kind
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and any(each.name == "Node" for each in kind.interfaces)
    ]
    return sorted(found, key=lambda kind: kind.name)


def _relations(kind: GraphQLObjectType, schema: GraphQLSchema) -> Iterator[tuple[str, str, str]]:
    """Fields that lead to a main type: the field, the type, and the type in words."""
    main = {each.name for each in _main_types(schema)}
    for name, field in kind.fields.items():
        target = get_named_type(field.type).name
        one = target.removesuffix("Connection")
        if one in main:
            is_list = one != target or "[" in str(field.type)
            yield name, one, f"{one} list" if is_list else one


def _placed(relations: Mapping[str, Sequence[tuple[str, str, str]]]) -> Sequence[Box]:
    """The boxes, row by row; those of a row are as high as the one with the most fields."""
    boxes: list[Box] = []
    y = 0
    names = list(relations)
    for start in range(0, len(names), COLUMNS):
        row = names[start : start + COLUMNS]
        height = HEAD + LINE * max(len(relations[name]) for name in row) + FOOT
        for column, name in enumerate(row):
            fields = [(field, words) for field, _, words in relations[name]]
            boxes.append(Box(name, fields, column * (BOX + GAP), y, height))
        y += height + GAP
    return boxes


def _lines(boxes: Sequence[Box], relations: Mapping[str, Sequence[tuple[str, str, str]]]) -> Iterator[str]:
    """A line for each two types of which one leads to the other; the boxes are drawn over its ends."""
    related = {frozenset((name, target)) for name, fields in relations.items() for _, target, _ in fields}
    for one, other in combinations(boxes, 2):
        if frozenset((one.name, other.name)) in related:
            (x, y), (to_x, to_y) = one.middle, other.middle
            yield f'<line class="relation" x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}"/>'


def _box(box: Box) -> Iterator[str]:
    yield f'<rect class="box" x="{box.x}" y="{box.y}" width="{BOX}" height="{box.height}" rx="8"/>'
    yield f'<text class="type" x="{box.x + 16}" y="{box.y + 27}">{escape(box.name)}</text>'
    for number, (field, words) in enumerate(box.fields):
        y = box.y + HEAD + LINE * number + 15
        yield f'<text class="field" x="{box.x + 16}" y="{y}">{escape(field)}</text>'
        yield f'<text class="target" x="{box.x + BOX - 16}" y="{y}" text-anchor="end">{escape(words)}</text>'
