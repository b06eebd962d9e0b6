"""Inputs of the mutations of contracts."""

from datetime import date
from decimal import Decimal
from typing import Any

import strawberry

from db.tables import ContractMembership as StoredMembership
from resolvers.contracts.terms import GIVEN
from schema.enums import ContractMembership, CourseKeyPrefix


def given(description: str) -> Any:
    """A field that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input
class TermsInput:
    """What contracts are made of and may be changed in, but for their names."""

    description: str | None = given("What it is about.")
    membership: ContractMembership | None = given("How learners come to belong to it; `MANAGED` if nothing is said.")
    start_date: date | None = given("First day, from its beginning in UTC; null: since ever.")
    end_date: date | None = given("Last day, to its last second in UTC; null: for ever.")
    max_learners: int | None = given("Seats; null or 0: as many learners as there are.")
    price: Decimal | None = given("Price for each learner, with at most two places; null or 0: free.")
    welcome: str | None = given("Line that welcomes its learners, up to 255 characters.")
    welcome_details: str | None = given("Text below that line.")

    def terms(self) -> dict[str, Any]:
        """Those that are given, as the terms of a contract have them."""
        values = {name: getattr(self, name) for name in GIVEN}
        found = {name: value for name, value in values.items() if value is not strawberry.UNSET}
        if (membership := found.get("membership")) is not None:
            found["membership"] = StoredMembership(membership.value)
        return found


@strawberry.input(description="A contract with an organization.")
class CreateContractInput(TermsInput):
    """The input of `createContract`."""

    organization: str = strawberry.field(description="Key of the organization, or prefix and key, in any case.")
    name: str = strawberry.field(description="Name for people, up to 255 characters.")
    idempotency_key: str | None = given("The same key with the same input makes one contract, however often sent.")


@strawberry.input
class ContractInput:
    """What the inputs of changes of one contract share."""

    id: strawberry.ID = strawberry.field(description="Global id of the contract.")
    expected_revision: int | None = given("Revision that the change is made for; refused where there is another.")


@strawberry.input(description="New terms of a contract; those left out stay. Its runs keep their dates.")
class UpdateContractInput(ContractInput, TermsInput):
    """The input of `updateContract`."""

    name: str | None = given("Name for people, up to 255 characters.")


@strawberry.input(description="A contract that is to be in effect while its dates say so.")
class ActivateContractInput(ContractInput):
    """The input of `activateContract`."""


@strawberry.input(description="A contract that is to be in effect no more.")
class DeactivateContractInput(ContractInput):
    """The input of `deactivateContract`."""


@strawberry.input
class MembersInput:
    """What the inputs of changes of members share."""

    contract: strawberry.ID = strawberry.field(description="Global id of the contract.")
    usernames: list[str] = strawberry.field(description="LMS usernames, 500 at most.")


@strawberry.input(description="Learners who are to belong to a contract.")
class AddContractMembersInput(MembersInput):
    """The input of `addContractMembers`."""


@strawberry.input(description="Learners who are to belong to a contract no more.")
class RemoveContractMembersInput(MembersInput):
    """The input of `removeContractMembers`."""


@strawberry.input(description="Whether a user looks after the contracts of an organization.")
class SetOrganizationManagerInput:
    """The input of `setOrganizationManager`."""

    organization: str = strawberry.field(description="Key of the organization.")
    username: str = strawberry.field(description="LMS username of the user.")
    is_manager: bool = strawberry.field(default=True, description="Whether they are to be a manager.")


@strawberry.input(description="What stands before an organization's key in the course keys of its contracts.")
class SetOrganizationPrefixInput:
    """The input of `setOrganizationPrefix`."""

    organization: str = strawberry.field(description="Key of the organization.")
    prefix: CourseKeyPrefix = strawberry.field(description="The prefix of runs that are made from now on.")
    slug: str | None = given("Name in web addresses; null or left out: as it is, empty: none.")


@strawberry.input(description="A run that is to be its course's one source of runs for contracts.")
class DesignateSourceRunInput:
    """The input of `designateSourceRun`."""

    key: str = strawberry.field(description="Course key of the run.")


@strawberry.input(description="A run that is to be designated as a source no more.")
class ClearSourceRunInput:
    """The input of `clearSourceRun`."""

    key: str = strawberry.field(description="Course key of the run.")


@strawberry.input
class AddingInput:
    """What the inputs of additions to a contract share."""

    contract: strawberry.ID = strawberry.field(description="Global id of the contract.")
    force: bool = strawberry.field(
        default=False,
        description="Whether to add to a contract that is switched off or expired, and from sources of any prefix.",
    )
    idempotency_key: str | None = given("The same key with the same input gives the same answer, however often sent.")


@strawberry.input(description="A course of which a contract is to have a run.")
class AddCourseToContractInput(AddingInput):
    """The input of `addCourseToContract`."""

    course: str = strawberry.field(description="Id of the course, such as `MITx+6.002x`.")
    source_run: str | None = given("Course key of the run to copy, where several are called the course's source.")


@strawberry.input(description="A course of which a contract is to have another run.")
class RerunCourseForContractInput(AddCourseToContractInput):
    """The input of `rerunCourseForContract`."""


@strawberry.input(description="A program of whose courses a contract is to have runs.")
class AddProgramToContractInput(AddingInput):
    """The input of `addProgramToContract`."""

    program: strawberry.ID = strawberry.field(description="Global id of the program.")


@strawberry.input(description="A program of a contract that is to be brought up to date.")
class SyncContractProgramInput(AddProgramToContractInput):
    """The input of `syncContractProgram`."""


@strawberry.input(description="A run that a contract is to have no more.")
class RemoveCourseRunFromContractInput:
    """The input of `removeCourseRunFromContract`."""

    contract: strawberry.ID = strawberry.field(description="Global id of the contract.")
    course_run: str = strawberry.field(description="Course key of the run.")


@strawberry.input(description="A program that a contract is to have no more.")
class RemoveProgramFromContractInput:
    """The input of `removeProgramFromContract`."""

    contract: strawberry.ID = strawberry.field(description="Global id of the contract.")
    program: strawberry.ID = strawberry.field(description="Global id of the program.")
    with_runs: bool = strawberry.field(
        default=False, description="Whether to take out the runs too that the contract has through this program alone."
    )


@strawberry.input(description="Runs of a contract that are to have its dates.")
class ApplyContractDatesInput:
    """The input of `applyContractDates`."""

    contract: strawberry.ID = strawberry.field(description="Global id of the contract.")
    course_runs: list[str] | None = given("Course keys of the runs; null or left out: all of the contract's.")


@strawberry.input(description="A contract whose runs are to be held against Open edX.")
class ReconcileContractInput:
    """The input of `reconcileContract`."""

    contract: strawberry.ID = strawberry.field(description="Global id of the contract.")
    repair: bool = strawberry.field(default=False, description="Whether to repair what can be.")


@strawberry.input(description="A run of a contract that is to be made after all.")
class RetryRerunInput:
    """The input of `retryRerun`."""

    key: str = strawberry.field(description="Course key of the run.")
