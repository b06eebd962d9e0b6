"""Whether servers give equal answers: the same data, whatever form each has for it."""

import re
from datetime import datetime
from typing import Any

import orjson

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
SHOUTED = frozenset({"status", "pacing"})
IDS = re.compile(r"(Program|Course):")


def plain(value: Any, name: str = "") -> Any:
    """A value without what may differ: forms of times, `nodes` around a list, the case of enums, prefixes of ids."""
    if isinstance(value, dict):
        members = {key: plain(member, key) for key, member in value.items()}
        return members["nodes"] if members.keys() == {"nodes"} else members
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, str):
        return value
    if INSTANT.match(value):
        return datetime.fromisoformat(value)
    return value.upper() if name in SHOUTED else IDS.sub("", value, count=1) if name == "id" else value


def data(body: bytes) -> Any:
    """The data of an answer, in plain form. Raises ValueError for one with errors."""
    answer = orjson.loads(body)
    if set(answer) != {"data"}:
        raise ValueError(f"the answer has errors: {body[:500]!r}")
    return plain(answer["data"])


def values(data: Any) -> int:
    """How many values an answer has, nulls included."""
    if isinstance(data, dict | list):
        return sum(map(values, data.values() if isinstance(data, dict) else data))
    return 1
