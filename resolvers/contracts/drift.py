"""How the programs of contracts have changed since their courses were added: "you may need to re-run this".

A course that a program has now, and of which the contract got no run through it, was added, or had no source then; one
that the program had then was dropped. Programs do not change contracts by themselves.
"""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, select

from db.tables import Contract, ContractCourse, ContractProgram, Course, Program
from db.types import any_of
from resolvers.access import Permission, Viewer, has_contracts_of
from resolvers.contracts.curriculum import leaves, linked, ordered, reached
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for


class Drift(StrEnum):
    """What happened to a course of a program."""

    ADDED = "added"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class DriftedCourse:
    """A course that a program of a contract has gained or lost; both by the ids of their rows."""

    program: int
    course: int
    change: Drift


async def load_drift(batch: Batch) -> dict[int, list[DriftedCourse]]:
    """What has changed since in the programs of each of the contracts with these ids: a batch source."""
    found: dict[int, list[DriftedCourse]] = {key: [] for key in batch.keys}
    viewer: Viewer = batch.context.viewer
    snapshot, dialect = batch.context.snapshot, batch.context.database.dialect
    keys = keys_parameter(BigInteger())
    wanted = batch.keys
    if not viewer.may(Permission.SEE_CONTRACTS):
        own = select(Contract.id).where(any_of(Contract.id, keys), has_contracts_of(Contract.organization_id))
        wanted = [row[0] for row in await rows_for(snapshot, dialect, own, wanted, viewer.username)]
    links = select(ContractProgram.id, ContractProgram.contract_id, ContractProgram.program_id)
    links = links.where(any_of(ContractProgram.contract_id, keys)).order_by(ContractProgram.position)
    rows = await rows_for(snapshot, dialect, links, wanted)
    tree = leaves(reached(linked(any_of(ContractProgram.contract_id, keys))))
    starts = {link: program for link, _, program in rows}
    now_there = ordered(await rows_for(snapshot, dialect, tree, wanted), starts)
    of = ContractCourse
    before = select(of.contract_id, of.program_id, of.course_id).join(Course, Course.id == of.course_id)
    before = before.join(Program, Program.id == of.program_id).where(any_of(of.contract_id, keys))
    got: defaultdict[tuple[int, int], dict[int, None]] = defaultdict(dict)
    for contract, program, course in await rows_for(snapshot, dialect, before.order_by(of.id), wanted):
        got[contract, program][course] = None
    for link, contract, program in rows:
        found[contract] += changes(program, now_there.get(link, []), list(got[contract, program]))
    return found


def changes(program: int, courses: list[int], before: list[int]) -> list[DriftedCourse]:
    """The difference between the courses that a program has and those that it had."""
    added = [DriftedCourse(program, course, Drift.ADDED) for course in courses if course not in before]
    return added + [DriftedCourse(program, course, Drift.DROPPED) for course in before if course not in courses]
