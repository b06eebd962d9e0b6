"""What kinds of values settings have: how each is read, and in which words it is told what is accepted."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from server.instances.settings import InstanceSettings, instances_of, site
from server.keyset import STRONG_SECRET, public_keys

DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a setting takes, in words for documentation and for errors, and whether its value is never shown."""

    words: str
    hidden: bool = False


def _database(value: object) -> URL:
    """The address of a database under the name of the driver that we use."""
    try:
        url = make_url(value) if isinstance(value, str | URL) else None
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in DRIVERS:
        raise ValueError("this is not the address of a database of a kind that is known here") from None
    if not url.database or url.database == ":memory:":
        raise ValueError("it names no database")
    if any("password" in name.lower() for name in url.query):
        raise ValueError("the password belongs before the host: user:password@host")
    return url.set(drivername=DRIVERS[url.drivername])


def _origin(value: str) -> str:
    """The origin of web pages, as browsers send it."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("an origin is scheme, host and port, such as https://apps.example.org")
    if "@" in parts.netloc:
        raise ValueError("an origin has no user")
    return value.lower()


def _redis(value: object) -> object:
    """The address of a Redis server, whose port is read too: it raises ValueError."""
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.port == 0:
        raise ValueError("this is not the address of a Redis server")
    return value


def _strong(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) < STRONG_SECRET:
        raise ValueError(f"it has fewer than {STRONG_SECRET} bytes")
    return value


def _json(value: str, kind: str) -> object:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise ValueError(f"it begins like a JSON {kind} but is none") from None


def _listed(value: object) -> object:
    """The names in a text, separated by commas or written as a JSON list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _json(value, "list")
    names = [name for name in (part.strip() for part in value.split(",")) if name]
    if value and not names:
        raise ValueError("it holds no name")
    return names


def _key_set(value: str) -> str:
    public_keys(value)
    return value


def _pairs(value: object) -> object:
    """Names with what belongs to each: `a=x, b=y`, or a JSON object."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return _json(value, "object")
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(name.strip() and found and of.strip() for name, found, of in pairs):
        raise ValueError("each part must be a name, '=' and what belongs to it")
    return {name.strip(): of.strip() for name, _, of in pairs}


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1), Accepted("text")]
Secret = Annotated[SecretStr, Accepted("text, kept secret", hidden=True)]
Port = Annotated[int, Field(ge=0, le=65535), Accepted("number from 0 to 65535; 0 takes any free port")]
Count = Annotated[int, Field(ge=1, le=10**9), Accepted("number from 1 to 1000000000")]
Size = Annotated[int, Field(ge=1, le=10**15), Accepted("number of bytes from 1 to 1000000000000000")]
Switch = Annotated[bool, Accepted("true or false")]
Seconds = Annotated[float, Field(gt=0, le=3600), Accepted("seconds, more than 0 and at most 3600")]
Site = Annotated[str, AfterValidator(site), Accepted("http:// or https:// address without user and query")]
Hours = Annotated[float, Field(gt=0, le=7 * 24 * 3600), Accepted("seconds, more than 0 and at most 604800")]
StrongSecret = Annotated[
    SecretStr, AfterValidator(_strong), Accepted("text of 32 bytes or more, kept secret", hidden=True)
]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...],
    NoDecode,
    BeforeValidator(_listed),
    Accepted("origins separated by commas, such as https://apps.example.org"),
]
Redis = Annotated[SecretStr, BeforeValidator(_redis), Accepted("redis://user:password@host:port/number", hidden=True)]
Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    NoDecode,
    BeforeValidator(_listed),
    Accepted("names separated by commas, or a JSON list of texts"),
]
Pairs = Annotated[
    dict[str, Annotated[str, Field(min_length=1)]],
    NoDecode,
    BeforeValidator(_pairs),
    Accepted("name=value pairs separated by commas, or a JSON object of texts"),
]
Numbers = Annotated[
    dict[str, Annotated[int, Field(ge=0, le=1000)]],
    NoDecode,
    BeforeValidator(_pairs),
    Accepted("name=number pairs separated by commas, or a JSON object of numbers"),
]
Folder = Annotated[Path, Accepted("path of a folder")]
Folders = Annotated[
    tuple[Path, ...],
    NoDecode,
    BeforeValidator(_listed),
    Accepted("paths of folders separated by commas, or a JSON list of texts"),
]
Day = Annotated[date, Accepted("date, such as 2100-01-01")]
Profile = Annotated[Literal["open", "locked"], BeforeValidator(_lower), Accepted("open or locked")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], BeforeValidator(_lower), Accepted("debug, info, warning or error")
]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(_lower), Accepted("console or json")]
KeySet = Annotated[
    str, AfterValidator(_key_set), Accepted("JSON Web Key Set of public RSA keys, 2048 bits or more", hidden=True)
]
Instances = Annotated[
    dict[str, InstanceSettings],
    NoDecode,
    BeforeValidator(instances_of),
    Accepted(
        "JSON object of objects by name, each with lms_url, studio_url, client_id and client_secret, and username and "
        "password where content is to be pulled from it; kept secret",
        hidden=True,
    ),
]
Database = Annotated[
    URL,
    NoDecode,
    PlainValidator(_database),
    PlainSerializer(repr),  # a URL is a tuple, whose members would be dumped with the password
    Accepted("postgresql://user:password@host:port/name or sqlite:///path", hidden=True),
]
