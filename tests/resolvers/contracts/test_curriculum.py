"""Courses of programs in order, through trees of trees, without a database."""

from collections.abc import Sequence

import pytest

from resolvers.contracts.curriculum import ordered
from resolvers.contracts.drift import Drift, changes

Row = tuple[int, int, int | None, int | None]


def rows(trees: dict[int, Sequence[tuple[str, int]]]) -> list[Row]:
    """Rows below root 1, of programs whose trees have courses ("c", id) and programs ("p", id)."""
    return [
        (1, program, id_ if kind == "c" else None, id_ if kind == "p" else None)
        for program, leaves in trees.items()
        for kind, id_ in leaves
    ]


@pytest.mark.parametrize(
    ("trees", "courses"),
    [
        ({1: [("c", 10), ("c", 11), ("c", 12)]}, [10, 11, 12]),
        ({1: [("c", 12), ("p", 2), ("c", 10)], 2: [("c", 11), ("c", 13)]}, [12, 11, 13, 10]),
        ({1: [("c", 10), ("p", 2)], 2: [("c", 10), ("c", 11)]}, [10, 11]),
        ({1: [("p", 2), ("c", 10)], 2: [("p", 1), ("c", 11)]}, [11, 10]),
        ({1: [("p", 1), ("c", 10)]}, [10]),
        ({1: [("p", 2)], 2: [("p", 3), ("c", 11)], 3: [("p", 2), ("c", 10)]}, [10, 11]),
        ({1: [("p", 2), ("p", 3)], 2: [("p", 4)], 3: [("p", 4)], 4: [("c", 10)]}, [10]),
        ({1: [("p", 9), ("c", 10)]}, [10]),
    ],
)
def test_courses_come_depth_first_and_once_even_in_circles(
    trees: dict[int, Sequence[tuple[str, int]]], courses: list[int]
) -> None:
    """P4: duplicates in a tree give one run; P5: required programs are opened, circles end, deleted ones are empty."""
    assert ordered(rows(trees)) == {1: courses}


def test_a_tree_without_courses_has_none() -> None:
    """P10."""
    assert ordered([]) == {}


def test_drift_is_what_a_program_has_gained_and_lost() -> None:
    """P9: later changes of a program do not reach contracts by themselves."""
    found = [(each.course, each.change) for each in changes(1, [10, 12, 13], [10, 11])]
    assert found == [(12, Drift.ADDED), (13, Drift.ADDED), (11, Drift.DROPPED)]
    assert changes(1, [10, 11], [11, 10]) == []
