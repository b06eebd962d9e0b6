"""Viewers and the applications that they came through (`spec/content-api.md`, "Security")."""

import pytest
from graphql import OperationType

from resolvers.access import ANONYMOUS, Permission, Role, Viewer
from resolvers.errors import Code
from server.applications.callers import Caller, application_of, check_scope, from_lms
from server.applications.registry import Scope
from server.operations import Refusal

AUTHOR = frozenset({Role.LEARNER, Role.AUTHOR})
READER = Caller("worker", AUTHOR, "report", frozenset({Scope.READ}))
WRITER = Caller("worker", AUTHOR, "report")


def test_a_caller_is_a_viewer_with_the_permissions_of_its_roles() -> None:
    assert WRITER.permissions == Viewer("worker", AUTHOR).permissions
    assert WRITER.may(Permission.CHANGE_PROGRAMS)


@pytest.mark.parametrize(
    ("viewer", "application"),
    [(WRITER, "report"), (from_lms("Ada", AUTHOR), "lms:Ada"), (Viewer("ada"), None), (ANONYMOUS, None)],
)
def test_operations_are_counted_under_an_application(viewer: Viewer, application: str | None) -> None:
    assert application_of(viewer) == application


@pytest.mark.parametrize("kind", [OperationType.QUERY, OperationType.SUBSCRIPTION])
def test_an_application_that_may_only_read_reads(kind: OperationType) -> None:
    check_scope(READER, kind)


def test_an_application_that_may_only_read_runs_no_mutation() -> None:
    with pytest.raises(Refusal) as caught:
        check_scope(READER, OperationType.MUTATION)
    assert caught.value.code is Code.FORBIDDEN


@pytest.mark.parametrize("viewer", [WRITER, from_lms("ada", AUTHOR), Viewer("ada", AUTHOR)])
def test_everybody_else_is_let_through_to_the_rules_of_the_fields(viewer: Viewer) -> None:
    check_scope(viewer, OperationType.MUTATION)
