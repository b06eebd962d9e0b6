"""What clients are told of errors that they or the database caused."""

import pytest
from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError

from db.errors import DatabaseBusy, DatabaseError, DatabaseUnavailable
from server.errors import NOT_A_CHARACTER, described
from tests.asking import Asking


class Refused(Exception):
    """What a driver of PostgreSQL raises."""

    sqlstate = NOT_A_CHARACTER


def test_a_character_that_the_database_cannot_hold_is_the_client_s_fault() -> None:
    [told] = described([GraphQLError("", original_error=DBAPIError("SELECT", {}, Refused()))])

    assert told == {
        "message": "a text must not contain the character U+0000",
        "extensions": {"code": "BAD_USER_INPUT"},
    }


async def test_a_number_that_is_too_long_is_told_in_words_of_ours(asking: Asking) -> None:
    response = await asking.response(f"{{ organizations(first: {'9' * 5000}) {{ totalCount }} }}")

    [told] = response["errors"]
    assert (told["message"], told["extensions"]) == (
        "a number has more digits than are read",
        {"code": "GRAPHQL_VALIDATION_FAILED"},
    )


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (DatabaseBusy("locked"), "The database is busy; try again."),
        (DatabaseUnavailable("/srv/x.db is gone"), "The database does not answer; try again later."),
    ],
)
def test_what_is_wrong_with_the_database_is_not_told(cause: DatabaseError, message: str) -> None:
    [told] = described([GraphQLError("", original_error=cause)])

    assert told == {"message": message, "extensions": {"code": "SERVICE_UNAVAILABLE"}}
