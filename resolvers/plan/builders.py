"""Rows into JSON-ready dicts, through functions that are generated once for a plan.

One comprehension builds all objects of a level: no call, no `await` and no object but the dict for each row. It stops
at the first value that cannot be had; a second, careful one over the same rows then puts a `Fault` in the place of each
such value, for `resolvers.plan.faults` to report.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from typing_extensions import override

from db.types import EPOCHS, MICROSECOND, iso
from resolvers.plan.faults import Fault, Typed

Row = Sequence[Any]

REMEMBERED_INSTANTS = 65_536


class _Instants(dict[int | None, str | None]):
    """Texts of raw instants, remembered: the same times come up again and again."""

    def __init__(self, epoch: datetime) -> None:
        super().__init__({None: None})
        self._epoch = epoch

    def __missing__(self, micros: int) -> str:
        if len(self) > REMEMBERED_INSTANTS:
            self.clear()
            self[None] = None
        text = iso(self._epoch + micros * MICROSECOND)
        self[micros] = text
        return text


INSTANTS: Mapping[str, Mapping[int | None, str | None]] = {name: _Instants(epoch) for name, epoch in EPOCHS.items()}
TRUTHS: Mapping[int | None, bool | None] = {0: False, 1: True, None: None}


def _missing() -> NoReturn:
    raise LookupError("a value is missing")


def _present(value: Any) -> Any:
    return _missing() if value is None else value


def _attempt(value: Callable[[], Any]) -> Any:
    try:
        return value()
    except Exception as error:  # noqa: BLE001 -- whatever a value raises becomes its field's error
        return Fault(error)


NAMES: Mapping[str, Any] = {
    "truths": TRUTHS,
    "missing": _missing,
    "present": _present,
    "attempt": _attempt,
    "Typed": Typed,
}


class Piece(ABC):
    """A part of an object under construction, as Python source over the columns `c0`, `c1`, … of a row."""

    @abstractmethod
    def fast(self) -> str:
        """The expression that raises when a value cannot be had."""

    @abstractmethod
    def careful(self) -> str:
        """The expression that never raises: it has a `Fault` where a value cannot be had, and None where it lacks."""


@dataclass(frozen=True)
class Value(Piece):
    """One value; `is_required` where its field is non-null and the row alone does not guarantee that."""

    text: str
    is_required: bool = False

    @override
    def fast(self) -> str:
        return f"present({self.text})" if self.is_required else self.text

    @override
    def careful(self) -> str:
        return f"attempt(lambda: {self.text})"


@dataclass(frozen=True)
class Members(Piece):
    """An object of type `kind`, `is_typed` where the field's type does not tell that."""

    kind: str
    pieces: Mapping[str, Piece]
    is_typed: bool = False

    @override
    def fast(self) -> str:
        return self._object({key: piece.fast() for key, piece in self.pieces.items()})

    @override
    def careful(self) -> str:
        return self._object({key: piece.careful() for key, piece in self.pieces.items()})

    def _object(self, items: Mapping[str, str]) -> str:
        built = "{" + ", ".join(f"{key!r}: {text}" for key, text in items.items()) + "}"
        return f"Typed({self.kind!r}, {built})" if self.is_typed else built


@dataclass(frozen=True)
class Choice(Piece):
    """The first piece whose guard, a column, is not null; `is_required` where the field is non-null."""

    options: Mapping[str, Piece]
    is_required: bool

    @override
    def fast(self) -> str:
        chosen = " else ".join(f"{piece.fast()} if {guard} is not None" for guard, piece in self.options.items())
        return f"({chosen} else {'missing()' if self.is_required else None})"

    @override
    def careful(self) -> str:
        chosen = " else ".join(f"{piece.careful()} if {guard} is not None" for guard, piece in self.options.items())
        return f"({chosen} else None)"


class Source:
    """The source text of a builder while it grows, with the objects that it refers to by name."""

    def __init__(self) -> None:
        self.children = 0
        self._names: dict[str, Any] = dict(NAMES)

    def refer(self, value: Any) -> str:
        """A name under which the builder finds `value`."""
        name = f"n{len(self._names)}"
        self._names[name] = value
        return name

    def child(self) -> str:
        """The name of the builder's next parameter: what a child level gave, by parent key."""
        self.children += 1
        return f"k{self.children - 1}"

    def build(self, piece: Piece, width: int) -> "Build":
        """The builder of one `piece` for each row of `width` columns."""
        parameters = ", ".join(["rows", *(f"k{i}" for i in range(self.children))])
        columns = "".join(f"c{i}, " for i in range(width)) or "_"

        def compiled(expression: str) -> Callable[..., list[Any]]:
            text = f"def build({parameters}):\n    return [{expression} for {columns} in rows]\n"
            names = dict(self._names)
            exec(compile(text, "<plan>", "exec"), names)  # noqa: S102 -- made of column numbers and repr()s only
            function: Callable[..., list[Any]] = names.pop("build")  # which else would keep itself
            return function

        return Build(compiled(piece.fast()), lambda: compiled(piece.careful()))


class Build:
    """Makes the objects of a level from its rows and what the levels below gave, by parent key."""

    def __init__(self, fast: Callable[..., list[Any]], careful: Callable[[], Callable[..., list[Any]]]) -> None:
        self.fast = fast
        self._compile_careful = careful
        self._careful: Callable[..., list[Any]] | None = None

    def careful(self, rows: Sequence[Row], *below: Mapping[Any, Any]) -> list[Any]:
        """As `fast`, with a `Fault` for each value that cannot be had."""
        if self._careful is None:
            self._careful = self._compile_careful()
        return self._careful(rows, *below)
