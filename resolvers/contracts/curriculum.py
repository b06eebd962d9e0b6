"""The courses of a program as a contract takes them: through its requirement tree and those of required programs.

"The system loops through the requirements tree for the program and adds the individual courses as if they were
specified manually" (`spec/b2b-courseware.md`). Required and elective courses alike; each course once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import CTE, ColumnElement, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import ContractProgram, Program, ProgramRequirement, ProgramStatus

Leaf = tuple[int | None, int | None]
"""The course that a node of a tree asks for, or the program."""


async def courses_of(session: AsyncSession, program: int) -> list[int]:
    """The ids of the courses of a program, in order, in one statement."""
    seed = select(Program.id.label("root"), Program.id.label("program_id")).where(Program.id == program)
    rows = await session.execute(leaves(reached(seed)))
    return next(iter(ordered(rows.all()).values()), [])


def linked(contracts: ColumnElement[bool]) -> Select[int, int]:
    """The programs of some contracts, as the start of `reached`: the link is the root."""
    return select(ContractProgram.id.label("root"), ContractProgram.program_id.label("program_id")).where(contracts)


def reached(seed: Select[int, int]) -> CTE:
    """All programs that some lead to, each once for each root, so that circles end; deleted ones lead nowhere."""
    found = seed.cte("reached", recursive=True)
    node = ProgramRequirement
    nested = select(found.c.root, node.required_program_id).join(node, node.program_id == found.c.program_id)
    nested = nested.join(Program, and_(Program.id == node.required_program_id, Program.status != ProgramStatus.DELETED))
    return found.union(nested)


def leaves(found: CTE) -> Select[int, int, int, int, int]:
    """For each root and program the courses and programs that its tree asks for, in order."""
    node = ProgramRequirement
    query = select(found.c.root, found.c.program_id, node.course_id, node.required_program_id)
    query = query.join(node, node.program_id == found.c.program_id)
    asks = node.course_id.is_not(None) | node.required_program_id.is_not(None)
    return query.where(asks).order_by(found.c.root, found.c.program_id, node.sequence)


def ordered(rows: Iterable[Sequence[int | None]], starts: Mapping[int, int] | None = None) -> dict[int, list[int]]:
    """The courses below each root, depth first, each once; `starts` has the program of each root, if it is another."""
    trees: defaultdict[int, dict[int, list[Leaf]]] = defaultdict(dict)
    for root, program, course, required in rows:
        assert root is not None  # noqa: S101 -- the first two columns never are
        assert program is not None  # noqa: S101
        trees[root].setdefault(program, []).append((course, required))
    return {root: _walked(tree, (starts or {}).get(root, root)) for root, tree in trees.items()}


def _walked(tree: Mapping[int, Sequence[Leaf]], start: int) -> list[int]:
    courses: dict[int, None] = {}
    seen = {start}
    waiting = list(reversed(tree.get(start, ())))
    while waiting:
        course, required = waiting.pop()
        if course is not None:
            courses.setdefault(course)
        elif required is not None and required not in seen:
            seen.add(required)
            waiting.extend(reversed(tree.get(required, ())))
    return list(courses)
