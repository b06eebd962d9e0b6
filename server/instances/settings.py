"""Named Open edX instances as the settings have them: whom content is pushed to and pulled from."""

import re
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from resolvers.instances.known import DEFAULT

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?", re.ASCII)


class InstanceSettings(BaseModel):
    """How one instance is reached: an OAuth application of its LMS, and a user where content is to be read from it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    lms_url: str
    studio_url: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    username: str | None = Field(None, min_length=1)
    password: SecretStr | None = Field(None, min_length=1)

    @field_validator("lms_url", "studio_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return site(value)


def site(value: str) -> str:
    """The address of a service, without a slash at its end. Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("this is not the address of a site")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("nothing but scheme, host, port and path may stand in it")
    return value.rstrip("/")


def instances_of(value: object) -> dict[str, InstanceSettings]:
    """The instances in a JSON text, or in what it says, by name. Raises ValueError, in which no value is repeated."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError("it is no JSON") from None
    match value:
        case dict():
            return {name: _instance(name, given) for name, given in value.items()}
        case _:
            raise ValueError("it is no object of instances by name")


def _instance(name: str, given: object) -> InstanceSettings:
    if not NAME.fullmatch(name) or name == DEFAULT:
        reason = "is the instance of the other settings" if name == DEFAULT else "cannot be a name"
        raise ValueError(f"{name!r} {reason}; a name is 64 small letters, digits, - and _ at most")
    try:
        found = InstanceSettings.model_validate(given)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
        place = ".".join([name, *map(str, first["loc"])])
        raise ValueError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
    if (found.username is None) != (found.password is None):
        raise ValueError(f"{name}: username and password belong together")
    return found
