"""Adding courses and programs to contracts: what is planned is written, and the jobs that make it are asked for.

All of one request is written in one transaction, in which the contract is locked: of two that come together the second
finds what the first has made. Every function raises Refusal, Forbidden and NotFound.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.engine import inserting
from db.store import Author, share
from db.tables import ContentHead, Contract, ContractCourse, ContractProgram, CourseRun, Pacing, Rerun, RunOrigin, now
from resolvers.access import Viewer
from resolvers.audit import record
from resolvers.catalog.settling import settled
from resolvers.contracts.courseware import Offer, Outcome, PlannedCourse, SourceRun, Wish
from resolvers.contracts.edits import locked, looked_at
from resolvers.contracts.gathering import course_named, link_of, offer_of, plan_courses, plan_program, program_with
from resolvers.contracts.members import standing
from resolvers.contracts.terms import ContractStatus
from resolvers.idempotency import once
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.reruns import request_reruns

Plans = list[PlannedCourse]


@dataclass(frozen=True)
class Adder:
    """Whoever adds to one contract, in one transaction; `key` makes repetitions harmless."""

    session: AsyncSession
    viewer: Viewer
    number: int
    wish: Wish = field(default_factory=Wish)
    key: str | None = None

    async def plan(self, course: str | None, program: str | None) -> Plans:
        """What would become of a course or of the courses of a program; nothing is written."""
        contract = await looked_at(self.session, self.viewer, self.number)
        offer = await offer_of(self.session, contract)
        if (course is None) == (program is None):
            raise Refusal([Problem(Reason.INVALID, "name a course or a program, one of the two")])
        if course is not None:
            return await plan_courses(self.session, offer, [await course_named(self.session, course)], self.wish)
        assert program is not None  # noqa: S101 -- one of the two
        return await plan_program(self.session, offer, await program_with(self.session, program), self.wish)

    async def add_course(self, course: str) -> Plans:
        """Give the contract a run of a course, unless it has one; refused where there can be none."""

        async def planned(offer: Offer) -> Plans:
            plans = await plan_courses(self.session, offer, [await course_named(self.session, course)], self.wish)
            refuse_lacking(plans)
            await self._remember(plans, None)
            return plans

        operation = "rerunCourseForContract" if self.wish.is_anew else "addCourseToContract"
        return await self._once(operation, {"course": course}, planned)

    async def add_program(self, program: str) -> Plans:
        """Give the contract a run of each course of a program, as far as there can be one, and link the program."""

        async def planned(offer: Offer) -> Plans:
            id_ = await program_with(self.session, program)
            if await link_of(self.session, self.number, id_) is None:
                await self._link(id_)
            plans = await plan_program(self.session, offer, id_, self.wish)
            await self._remember(plans, id_)
            return plans

        return await self._once("addProgramToContract", {"program": program}, planned)

    async def sync_program(self, program: str) -> Plans:
        """Bring a program of the contract up to date: what it has gained gets runs, what it has lost keeps them."""

        async def planned(offer: Offer) -> Plans:
            id_ = await program_with(self.session, program)
            if await link_of(self.session, self.number, id_) is None:
                reason = "the program is not one of the contract's"
                raise Refusal([Problem(Reason.NOT_IN_CONTRACT, reason, ("program",))])
            plans = await plan_program(self.session, offer, id_, self.wish)
            kept = [plan.course_id for plan in plans]
            of = ContractCourse
            gone = delete(of).where(of.contract_id == self.number, of.program_id == id_, of.course_id.not_in(kept))
            await self.session.execute(gone)
            await self._remember(plans, id_)
            return plans

        return await self._once("syncContractProgram", {"program": program}, planned)

    async def _once(self, operation: str, given: dict[str, str], plan: Callable[[Offer], Awaitable[Plans]]) -> Plans:
        """The plans, carried out; the same again where that was done before with the key.

        What was made then bears the time of that request, by which it is known again.
        """
        made: Plans = []
        all_given = {**given, "contract": self.number, "force": self.wish.is_forced, "source": self.wish.source}

        async def work() -> str:
            contract = await locked(self.session, self.viewer, self.number)
            await self._require_active(contract)
            offer = await offer_of(self.session, contract)
            made[:] = await plan(offer)
            await self._make(offer, made, operation, given)
            return offer.moment.isoformat()

        async def attempt() -> str:
            made.clear()
            return await once(self.session, self.viewer, operation, self.key, given=all_given, work=work)

        moment = await settled(self.session, attempt)
        return made or await self._again(datetime.fromisoformat(moment), given)

    async def _again(self, moment: datetime, given: dict[str, str]) -> Plans:
        """What a request that was done before gave."""
        adder = replace(self, wish=Wish())
        plans = await adder.plan(given.get("course"), given.get("program"))
        keys = [plan.run for plan in plans if plan.run is not None]
        parent = aliased(CourseRun)
        query = select(CourseRun, parent).join(parent, parent.id == CourseRun.parent_id)
        query = query.where(CourseRun.key.in_(keys), CourseRun.created_at == moment)
        made = {run.key: (run, source) for run, source in await self.session.execute(query)}
        return [as_made(plan, *made[plan.run]) if plan.run in made else plan for plan in plans]

    async def _require_active(self, contract: Contract) -> None:
        status = (await standing(self.session, contract.id))[0].status(now())
        if status in {ContractStatus.DISABLED, ContractStatus.EXPIRED} and not self.wish.is_forced:
            reason = f"the contract is {status.value}; runs can be made for it by force only"
            raise Refusal([Problem(Reason.CONTRACT_INACTIVE, reason, ("contract",))])

    async def _make(self, offer: Offer, plans: Plans, operation: str, given: dict[str, str]) -> None:
        """Write the runs that are planned, and ask for their making."""
        rows = [run_row(offer, plan) for plan in plans if plan.outcome is Outcome.CREATE]
        if not rows:
            return
        runs = list(await self.session.scalars(insert(CourseRun).returning(CourseRun), rows))
        who, versions = self.viewer.username or "", await self._share(runs)
        await self.session.execute(
            insert(Rerun),
            [{"id": run.id, "requested_by": who, "source_version": versions.get(run.id)} for run in runs],
        )
        await request_reruns(self.session, runs, by=self.viewer)
        changes = {run.key: (None, "planned") for run in runs}
        changes |= {name: (None, value) for name, value in given.items()}
        record(self.session, self.viewer, operation, f"Contract:{self.number}", changes)

    async def _share(self, runs: Sequence[CourseRun]) -> dict[int, str]:
        """Give runs the content of their sources, where it is kept here; which version, by run."""
        sources = [run.parent_id for run in runs]
        kept = set(
            await self.session.scalars(select(ContentHead.course_run_id).where(ContentHead.course_run_id.in_(sources)))
        )
        author, versions = Author(self.viewer.username or "", self.viewer.application), {}
        for run in runs:
            if run.parent_id in kept and (version := await share(self.session, run.parent_id, run.id, author)):
                versions[run.id] = version
        return versions

    async def _link(self, program: int) -> None:
        """Put a program after the contract's others."""
        of = ContractProgram
        last = await self.session.scalar(select(func.max(of.position)).where(of.contract_id == self.number))
        position = 0 if last is None else last + 1
        who = self.viewer.username or ""
        self.session.add(of(contract_id=self.number, program_id=program, position=position, added_by=who))
        await self.session.flush()

    async def _remember(self, plans: Sequence[PlannedCourse], program: int | None) -> None:
        """Remember through what the contract got its courses."""
        who = self.viewer.username or ""
        rows = [
            {"contract_id": self.number, "program_id": program, "course_id": plan.course_id, "added_by": who,
             "added_at": now()}
            for plan in plans
            if plan.outcome in {Outcome.CREATE, Outcome.EXISTS}
        ]  # fmt: skip
        if rows:
            await self.session.execute(inserting(self.session, ContractCourse).values(rows).on_conflict_do_nothing())


def as_made(plan: PlannedCourse, run: CourseRun, source: CourseRun) -> PlannedCourse:
    """What was planned of a run that there is now."""
    copied = SourceRun(source.id, source.key, source.display_name)
    return replace(plan, outcome=Outcome.CREATE, start=run.start, end=run.end, source=copied)


def run_row(offer: Offer, plan: PlannedCourse) -> dict[str, object]:
    """The row of a run that is planned: of the course of its source, whatever its key says, and self-paced."""
    assert plan.source is not None  # noqa: S101 -- as every one that is to be made
    assert plan.run is not None  # noqa: S101
    return {
        "course_id": plan.course_id,
        "parent_id": plan.source.id,
        "key": plan.run,
        "key_folded": plan.run.casefold(),
        "display_name": plan.source.name,
        "name_folded": plan.source.name.casefold(),
        "start": plan.start,
        "end": plan.end,
        "enrollment_start": plan.start,
        "enrollment_end": plan.end,
        "pacing": Pacing.SELF,
        "contract_id": offer.number,
        "origin": RunOrigin.RERUN,
        "created_at": offer.moment,
        "updated_at": offer.moment,
    }


def refuse_lacking(plans: Sequence[PlannedCourse]) -> None:
    """Raise Refusal for courses of which the contract gets no run."""
    lacking = [plan for plan in plans if plan.code is not None]
    if lacking:
        raise Refusal(
            Problem(plan.code, plan.message or "", ("course",), {"run": plan.run, "keys": plan.source_keys})
            for plan in lacking
            if plan.code is not None
        )
