"""The fields of course runs as Studio takes them: each reads one value, or says in Studio's words what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

REQUIRED = "This field is required."
NOT_NULL = "This field may not be null."
NOT_A_DATE = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


class Invalid(Exception):
    """A value that Studio does not take; `errors` is what its answer (400) has in the place of the value."""

    def __init__(self, errors: Any) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body: how it is read, whether it must be there, and whether it may be null."""

    read: Callable[[Any], Any]
    required: bool = False
    nullable: bool = False


def read_body(fields: Mapping[str, Field], body: Any, *, partial: bool = False) -> dict[str, Any]:
    """The values of a body by field, other names being ignored; a partial body (PATCH) may leave out anything.

    Invalid with a list of texts under each field that is wrong, as Studio does.
    """
    if not isinstance(body, Mapping):
        message = f"Invalid data. Expected a dictionary, but got {type(body).__name__}."
        raise Invalid({"non_field_errors": [message]})
    values: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in body:
            if field.required and not partial:
                errors[name] = [REQUIRED]
            continue
        try:
            values[name] = _value(field, body[name])
        except Invalid as invalid:
            errors[name] = invalid.errors
    if errors:
        raise Invalid(errors)
    return values


def _value(field: Field, value: Any) -> Any:
    if value is not None:
        return field.read(value)
    if field.nullable:
        return None
    raise Invalid([NOT_NULL])


def text(value: Any) -> str:
    """A text that is not blank; a number is taken as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid(["Not a valid string."])
    stripped = str(value).strip()
    if not stripped:
        raise Invalid(["This field may not be blank."])
    return stripped


def pacing(value: Any) -> bool:
    """Whether a run is self-paced: anything else than `self_paced` is taken, without a word, as instructor-paced."""
    return bool(value == "self_paced")


def moment(value: Any) -> datetime:
    """An instant; one without an offset is UTC."""
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Invalid([NOT_A_DATE]) from None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def schedule(value: Any, *, partial: bool) -> dict[str, datetime | None]:
    """The dates of a run. `end` is never null on a write, though a read gives null for a run made without it."""
    return read_body(SCHEDULE, value, partial=partial)


def team(value: Any, known: Callable[[str], bool]) -> list[tuple[str, str]]:
    """Members as (user name, role), `known` telling which users exist.

    KeyError, which Studio answers with a 500, if a member lacks one of the two.
    """
    members: Sequence[Mapping[str, str]] = value
    for member in members:
        if not known(member["user"]):
            raise Invalid(["Course team user does not exist"])
    return [(member["user"], member["role"]) for member in members]


def images(value: Any) -> dict[str, Any]:
    """Always refused: an image is a file, which JSON cannot carry, not even the URL that a read gave."""
    return read_body(IMAGES, value, partial=True)


def _not_a_file(_: Any) -> Any:
    raise Invalid(["The submitted data was not a file. Check the encoding type on the form."])


SCHEDULE = {
    "start": Field(moment, required=True),
    "end": Field(moment, required=True),
    "enrollment_start": Field(moment, nullable=True),
    "enrollment_end": Field(moment, nullable=True),
}
IMAGES = {"card_image": Field(_not_a_file)}
