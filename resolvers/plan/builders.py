"""Rows into JSON-ready dicts, through functions that are generated once for a plan.

One comprehension builds all objects of a level: no call, no `await` and no object but the dict for each row.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from db.types import EPOCH

Row = Sequence[Any]
Build = Callable[..., list[Any]]

REMEMBERED_INSTANTS = 65_536


class _Instants(dict[int | None, str | None]):
    """ISO 8601 texts of microseconds since 1970, remembered: the same times come up again and again."""

    def __missing__(self, micros: int) -> str:
        if len(self) > REMEMBERED_INSTANTS:
            self.clear()
            self[None] = None
        moment = EPOCH + timedelta(microseconds=micros)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond:06d}" if moment.microsecond else "") + "Z"
        self[micros] = text
        return text


INSTANTS = _Instants({None: None})
TRUTHS: Mapping[int | None, bool | None] = {0: False, 1: True, None: None}


class Source:
    """The source text of a builder while it grows, with the objects that it refers to by name."""

    def __init__(self) -> None:
        self.children = 0
        self._names: dict[str, Any] = {"instants": INSTANTS, "truths": TRUTHS}

    def refer(self, value: Any) -> str:
        """A name under which the builder finds `value`."""
        name = f"n{len(self._names)}"
        self._names[name] = value
        return name

    def child(self) -> str:
        """The name of the builder's next parameter: what a child level gave, by parent key."""
        self.children += 1
        return f"k{self.children - 1}"

    def build(self, expression: str, width: int) -> Build:
        """The function `(rows, *children) -> list` that makes one `expression` of each row of `width` columns."""
        parameters = ", ".join(["rows", *(f"k{i}" for i in range(self.children))])
        columns = "".join(f"c{i}, " for i in range(width)) or "_"
        text = f"def build({parameters}):\n    return [{expression} for {columns} in rows]\n"
        exec(compile(text, "<plan>", "exec"), self._names)  # noqa: S102 -- made of column numbers and repr()s only
        build: Build = self._names["build"]
        return build


def members(items: Mapping[str, str]) -> str:
    """The expression of an object whose members are the given expressions."""
    return "{" + ", ".join(f"{key!r}: {expression}" for key, expression in items.items()) + "}"
