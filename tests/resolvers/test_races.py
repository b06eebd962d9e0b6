"""Two writers at once, each with connections of its own: one wins, and the other is told so in a way that it knows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import open_database
from db.tables import AuditEntry, Course, CourseRun, Organization, Program, ProgramStatus, ProgramUser, RoleGrant
from tests.asking import ADMIN, AUTHOR, Asking
from tests.catalog import uuid
from tests.resolvers.catalog.conftest import rows
from tests.schema.test_program_mutations import ACTIVE, NEW, RUN, UNPUBLISHED, change, document, learner_of, program

ROUNDS = 6
Work = Callable[[Asking], Awaitable[Any]]


@pytest.fixture
async def writers(asking: Asking, database_url: URL) -> AsyncIterator[Sequence[Asking]]:
    """Two servers over one database: no lock within a process keeps one from the other."""
    other = open_database(database_url)
    yield asking, Asking(other)
    await other.close()


async def at_once(writers: Sequence[Asking], *works: Work) -> list[Any]:
    return list(await asyncio.gather(*(work(writer) for writer, work in zip(writers, works, strict=True))))


def asked(mutation: str, selection: str = "userErrors { code }", **given: Any) -> Work:
    """The payload of a mutation by an admin."""
    name = mutation[0].upper() + mutation[1:]
    query = f"mutation ($input: {name}Input!) {{ payload: {mutation}(input: $input) {{ {selection} }} }}"

    async def work(writer: Asking) -> Any:
        return (await writer.data(query, {"input": given}, viewer=ADMIN))["payload"]

    return work


def codes(payloads: Sequence[Any]) -> list[list[str]]:
    return sorted([error["code"] for error in payload["userErrors"]] for payload in payloads)


async def count(asking: Asking, table: Any, *where: Any) -> int:
    [found] = await rows(asking.database, select(func.count()).select_from(table).where(*where))
    return int(found)


async def test_of_two_creates_of_one_name_one_wins(writers: Sequence[Asking]) -> None:
    """§2.1: "two concurrent creates (one wins, other 400 not 500)"; case does not tell names apart."""
    for number in range(ROUNDS):
        first = asked("createProgram", **{**NEW, "name": f"Race {number}"})
        second = asked("createProgram", **{**NEW, "name": f"RACE {number} "})

        assert codes(await at_once(writers, first, second)) == [[], ["NAME_TAKEN"]]
    assert await count(writers[0], Program) == 8 + ROUNDS


async def test_a_create_that_is_sent_twice_at_once_is_done_once(writers: Sequence[Asking]) -> None:
    for number in range(ROUNDS):
        create = asked(
            "createProgram", "program { id } userErrors { code }", **{**NEW, "name": f"Race {number}"},
            idempotencyKey=f"key {number}",
        )  # fmt: skip

        first, second = await at_once(writers, create, create)
        assert first == second
        assert first["program"]
    assert await count(writers[0], AuditEntry) == ROUNDS


async def test_two_first_runs_of_a_course_make_one_organization_and_one_course(writers: Sequence[Asking]) -> None:
    """§2.5: "Concurrent first upserts of two runs of one new course: exactly one Org and one Course"."""
    for number in range(ROUNDS):
        works = [
            asked("upsertCourseRun", key=f"course-v1:New{number}X+C+R{run}", displayName="Course") for run in range(2)
        ]
        assert codes(await at_once(writers, *works)) == [[], []]
        assert await count(writers[0], Organization, Organization.key == f"New{number}X") == 1
        assert await count(writers[0], Course, Course.readable_id == f"New{number}X+C") == 1
    assert await count(writers[0], CourseRun, CourseRun.key.like("course-v1:New%")) == 2 * ROUNDS


async def test_one_run_that_is_put_twice_at_once_is_there_once(writers: Sequence[Asking]) -> None:
    """§2.5: "Upsert same run twice: one row"."""
    for number in range(ROUNDS):
        put = asked("upsertCourseRun", key=f"course-v1:Org0X+C0.0x+N{number}", displayName="Course")
        assert codes(await at_once(writers, put, put)) == [[], []]
    assert await count(writers[0], CourseRun, CourseRun.key.like("%+N_")) == ROUNDS


async def associate(writer: Asking, id_: str, username: str) -> bool:
    """Whether a learner was associated with a program, as that is done: while it is seen to be active, and locked."""
    async with writer.database.writing() as session:
        return await _associated(session, UUID(id_.removeprefix("Program:")), username)


async def _associated(session: AsyncSession, of: UUID, username: str) -> bool:
    active = select(Program.id).where(Program.uuid == str(of), Program.status == ProgramStatus.ACTIVE)
    found = await session.scalar(active.with_for_update(read=True))
    if found is not None:
        session.add(ProgramUser(username=username, program_id=found, source="listing"))
        await session.flush()
    return found is not None


async def test_a_program_is_not_reverted_from_under_a_learner(writers: Sequence[Asking]) -> None:
    """§2.2: "a revert racing a lazy association: not both succeed"."""
    for number in range(ROUNDS):
        made = await change(
            writers[0], "createProgram", **{**NEW, "name": f"Race {number}"}, courses=["Org0X+C0.0x"],
            runModes=[{"run": RUN, "modeSlug": "audit"}],
        )  # fmt: skip
        id_ = made["program"]["id"]
        await change(writers[0], "publishProgram", id=id_)

        async def learner(writer: Asking, of: str = id_) -> bool:
            return await associate(writer, of, "ada")

        order = [asked("revertProgram", id=id_), learner]
        works = order if number % 2 else order[::-1]
        answers = await at_once(writers, *works)
        reverted, is_associated = answers if number % 2 else answers[::-1]
        assert codes([reverted]) == ([["HAS_USERS"]] if is_associated else [[]])
        assert (await program(writers[0], id_))["status"] == ("ACTIVE" if is_associated else "UNPUBLISHED")


async def test_a_revert_sees_a_learner_whose_association_is_not_committed_yet(writers: Sequence[Asking]) -> None:
    """§2.2, as above, in the order that loses without a lock: the association began first and ends last."""
    begun, reverting = asyncio.Event(), asyncio.Event()

    async def learner(writer: Asking) -> bool:
        async with writer.database.writing() as session:
            is_associated = await _associated(session, UUID(ACTIVE.removeprefix("Program:")), "ada")
            begun.set()
            await reverting.wait()
            await asyncio.sleep(0.1)
        return is_associated

    async def revert(writer: Asking) -> Any:
        await begun.wait()
        reverting.set()
        return await asked("revertProgram", id=ACTIVE)(writer)

    is_associated, payload = await at_once(writers, learner, revert)

    assert is_associated
    assert codes([payload]) == [["HAS_USERS"]]


async def test_of_two_changes_of_one_revision_one_wins(writers: Sequence[Asking]) -> None:
    for number in range(ROUNDS):
        revision = 1 + number
        works = [
            asked("updateProgram", id=UNPUBLISHED, expectedRevision=revision, subtitle=f"{number} {i}") for i in "ab"
        ]
        assert codes(await at_once(writers, *works)) == [[], ["REVISION_CONFLICT"]]
    assert (await program(writers[0], UNPUBLISHED))["revision"] == 1 + ROUNDS


async def test_two_changes_of_two_fields_are_both_there(writers: Sequence[Asking]) -> None:
    for number in range(ROUNDS):
        given = {"subtitle": f"S{number}"}, {"description": f"D{number}"}
        works = [asked("updateProgram", id=UNPUBLISHED, **each) for each in given]
        assert codes(await at_once(writers, *works)) == [[], []]
        found = await program(writers[0], UNPUBLISHED)
        assert (found["subtitle"], found["description"]) == (f"S{number}", f"D{number}")


async def test_a_role_that_is_granted_twice_at_once_is_there_once(writers: Sequence[Asking]) -> None:
    for number in range(ROUNDS):
        for scope in ({"organization": "Org0X"}, {"program": ACTIVE}):
            given = {"username": f"ada{number}", "role": "AUTHOR", **scope}
            assert codes(await at_once(writers, *[asked("grantRole", **given)] * 2)) == [[], []]
    assert await count(writers[0], RoleGrant) == 2 * ROUNDS
    assert await count(writers[0], AuditEntry) == 2 * ROUNDS


async def test_a_role_that_is_revoked_twice_at_once_is_revoked_once(writers: Sequence[Asking]) -> None:
    query = "mutation ($input: RevokeRoleInput!) { payload: revokeRole(input: $input) { userErrors { code } } }"
    for _ in range(ROUNDS):
        given = {"username": "ada", "role": "AUTHOR", "organization": "Org0X"}
        await asked("grantRole", **given)(writers[0])

        answers = await asyncio.gather(*(writer.response(query, {"input": given}, viewer=ADMIN) for writer in writers))
        found = sorted([error["extensions"]["code"] for error in answer.get("errors", [])] for answer in answers)
        assert found == [[], ["NOT_FOUND"]]


async def test_two_programs_do_not_come_to_require_each_other(writers: Sequence[Asking]) -> None:
    """§5 "cycle check": each locks its own program first, so that the database has one of them begin again."""
    for number in range(2):
        ids = [
            (await change(writers[0], "createProgram", AUTHOR, **{**NEW, "name": f"Race {number}{i}"}))["program"]["id"]
            for i in "ab"
        ]
        works = [
            asked("setProgramRequirements", id=one, requirements=[{"program": other}])
            for one, other in (ids, ids[::-1])
        ]
        assert codes(await at_once(writers, *works)) == [[], ["PROGRAM_CYCLE"]]


async def test_a_run_does_not_vanish_from_under_a_program_that_takes_it(writers: Sequence[Asking]) -> None:
    """§2.5: either the program has it, or it is gone from both; never an error of the server."""
    for number in range(ROUNDS):
        key = f"course-v1:Org0X+C0.0x+N{number}"
        await asked("upsertCourseRun", key=key, displayName="Run")(writers[0])
        take = asked("updateProgram", id=UNPUBLISHED, runModes=[{"run": key, "modeSlug": "audit"}])
        payloads = await at_once(writers, asked("deleteCourseRun", key=key), take)

        assert codes(payloads) in ([[], []], [[], ["RUN_UNKNOWN"]])
        assert await count(writers[0], CourseRun, CourseRun.key == key) == 0
        assert (await program(writers[0], UNPUBLISHED))["runModes"] == [] or codes(payloads)[1]


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_run_that_somebody_else_deletes_meanwhile_is_not_deleted_twice(writers: Sequence[Asking]) -> None:
    """It is still there as the second one reads it, who waits for the first one's end to delete it."""
    key = "course-v1:Org0X+C0.0x+N0"
    await asked("upsertCourseRun", key=key, displayName="Run")(writers[0])
    query = "mutation ($key: String!) { deleteCourseRun(input: {key: $key}) { deletedId } }"
    waits = text("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)) AND NOT granted")
    async with writers[0].database.writing() as session:
        await session.execute(delete(CourseRun).where(CourseRun.key == key))
        second = asyncio.create_task(writers[1].response(query, {"key": key}, viewer=ADMIN))
        async with asyncio.timeout(20):
            while not await session.scalar(waits):  # noqa: ASYNC110 -- what is waited for is the database's
                await asyncio.sleep(0.01)
    [error] = (await second)["errors"]

    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_a_run_is_not_deleted_from_a_program_that_is_being_published(writers: Sequence[Asking]) -> None:
    """spec/programs.md, "DELETE /runs/": refused if any active Program would be affected."""
    for number in range(ROUNDS):
        key = f"course-v1:Org0X+C0.0x+N{number}"
        await asked("upsertCourseRun", key=key, displayName="Run")(writers[0])
        made = await change(
            writers[0], "createProgram", **{**NEW, "name": f"Race {number}"}, courses=["Org0X+C0.0x"],
            runModes=[{"run": key, "modeSlug": "audit"}],
        )  # fmt: skip
        id_ = made["program"]["id"]
        payloads = await at_once(writers, asked("deleteCourseRun", key=key), asked("publishProgram", id=id_))

        assert codes(payloads) in ([[], ["PROGRAM_ACTIVE"]], [[], ["NOT_PUBLISHABLE"]])
        found = await program(writers[0], id_)
        assert (found["status"] == "ACTIVE") == bool(found["runModes"])


async def test_of_a_deletion_and_a_change_neither_is_half_done(writers: Sequence[Asking]) -> None:
    await learner_of(writers[0].database, f"Program:{uuid(5)}")
    for number in (1, 2, 4, 5, 6):
        given = {"input": {"id": f"Program:{uuid(number)}"}}
        works = [
            writers[0].response(document("deleteProgram"), given, viewer=ADMIN),
            writers[1].response(document("updateProgram"), {"input": {**given["input"], "name": "New"}}, viewer=ADMIN),
        ]
        deleted, changed = await asyncio.gather(*works)
        assert deleted["data"]["payload"]["deletedId"]
        found = [error["extensions"]["code"] for error in changed.get("errors", [])]
        taken = [error["code"] for error in ((changed["data"] or {}).get("payload") or {}).get("userErrors", [])]
        assert (found, taken) in ((["NOT_FOUND"], []), ([], []), ([], ["NAME_TAKEN"]))
