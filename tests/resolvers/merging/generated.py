"""Courses made up by hypothesis, and versions of them that somebody has changed in any way."""

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st

from edx.olx import Block, Course, Document, File, InMemory, Key
from resolvers.editing.tree import Index, Tree

LEVELS = ("course", "chapter", "sequential", "vertical", "html")
SETTINGS = st.dictionaries(st.sampled_from(["display_name", "due", "x"]), st.sampled_from("abc"), max_size=2)
TEXTS = st.sampled_from([b"", b"<p/>", b"<b/>"])
NAMES = st.sampled_from(["n1", "n2", "n3", "n4", "n5", "n6"])
ROOT = Key("course", "R")


@st.composite
def bases(draw: st.DrawFn) -> Course:
    """A course of a few blocks."""
    numbers = iter(range(100))

    def block(level: int) -> Block:
        below = [] if level == 4 else [block(level + 1) for _ in range(draw(st.integers(0, 3 if level < 3 else 2)))]
        return made(draw, LEVELS[level], f"b{next(numbers)}", tuple(below))

    chapters = tuple(block(1) for _ in range(draw(st.integers(1, 2))))
    root = Block("course", "R", (("display_name", "R"),), chapters)
    return beside(draw, Course("course", "O", "C", "", root))


def made(draw: st.DrawFn, kind: str, name: str, children: tuple[Block, ...] = ()) -> Block:
    markup = draw(TEXTS) if kind == "html" else b""
    pointer = draw(st.sampled_from([(), (), None]))
    return Block(kind, name, tuple(draw(SETTINGS).items()), children, markup, pointer=pointer)


def beside(draw: st.DrawFn, course: Course) -> Course:
    """The course with a policy and some files, which may be none."""
    keys = sorted(str(block.key) for block in course.root.walk())
    entries = st.dictionaries(st.sampled_from(["due", "x"]), st.sampled_from([1, "a", None]), min_size=1, max_size=2)
    value = draw(st.dictionaries(st.sampled_from([*keys, "html/none"]), entries, max_size=2))
    policy = Document("policies/R/policy.json", InMemory.of(orjson.dumps(value)), value) if value else None
    about = draw(st.dictionaries(st.sampled_from(["about/a.html", "about/b.html"]), TEXTS, max_size=2))
    return replace(course, policy=policy, about=tuple(File(p, InMemory.of(about[p])) for p in sorted(about)))


@st.composite
def versions(draw: st.DrawFn, course: Course) -> Course:
    """The course after some changes."""
    tree = Tree(Index.of(course.root))
    for _ in range(draw(st.integers(0, 4))):
        change(draw, tree)
    root, *_ = tree.finished()
    changed = replace(course, root=root)
    return beside(draw, changed) if draw(st.booleans()) else changed


def change(draw: st.DrawFn, tree: Tree) -> None:
    """One change: settings, a text, an order, a move, a deletion, a new block."""
    key = draw(st.sampled_from(list(tree.blocks)))
    block = tree[key]
    match draw(st.sampled_from(["settings", "text", "order", "move", "delete", "add"])):
        case "settings":
            tree.put(replace(block, settings=tuple(draw(SETTINGS).items())))
        case "text" if key.type == "html":
            tree.put(replace(block, markup=draw(TEXTS)))
        case "order":
            tree.put(replace(block, children=tuple(draw(st.permutations(block.children)))))
        case "move" if key != ROOT:
            others = [each for each in tree.blocks if each.type == LEVELS[LEVELS.index(key.type) - 1]]
            take_out(tree, key)
            put_in(draw, tree, draw(st.sampled_from(others)), block)
        case "delete" if key != ROOT:
            below = list(tree.below(key))
            take_out(tree, key)
            tree.drop(below)
        case "add" if key.type != "html":
            kind, name = LEVELS[LEVELS.index(key.type) + 1], draw(NAMES)
            if Key(kind, name) not in tree:
                put_in(draw, tree, key, made(draw, kind, name))


def take_out(tree: Tree, key: Key) -> None:
    for parent in tree.parents(key):
        left = tuple(child for child in tree[parent].children if child.key != key)
        tree.put(replace(tree[parent], children=left))


def put_in(draw: st.DrawFn, tree: Tree, parent: Key, block: Block) -> None:
    children = list(tree[parent].children)
    children.insert(draw(st.integers(0, len(children))), block)
    tree.put(replace(tree[parent], children=tuple(children)))
    if block.key not in tree:
        tree.put(block)


@st.composite
def threes(draw: st.DrawFn) -> tuple[Course, Course, Course]:
    """A base and two versions of it."""
    base = draw(bases())
    return base, draw(versions(base)), draw(versions(base))


def told(course: Course) -> dict[Key, Any]:
    """What a course is, block by block, whatever the order of children and of settings."""
    found: dict[Key, Any] = {}
    for block in course.root.walk():
        found[block.key] = (
            course.settings_of(block),
            block.markup,
            {child.key for child in block.children},
        )
    return found
