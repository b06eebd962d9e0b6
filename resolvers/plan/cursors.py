"""Cursors: where a page ends, as opaque text that only the list and order that made it take back.

A cursor names its list and order and holds the values that the row sorts by. It is encoded, not signed: a forged one
can only name another place in the same list, whose rows are filtered and checked like any others.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from resolvers.errors import BadUserInput

LONGEST = 4096


def encode(tag: str, values: Sequence[Any]) -> str:
    """The cursor of a row of the list `tag` that sorts by `values`, texts and integers."""
    return base64.urlsafe_b64encode(orjson.dumps([tag, *values])).rstrip(b"=").decode()


def decode(tag: str, kinds: Sequence[type], cursor: str, argument: str) -> list[Any]:
    """The values in `cursor`. Raises BadUserInput unless it was made for `tag` and holds values of `kinds`."""
    problem = BadUserInput(f"{argument}: this is not a cursor of this list in this order")
    if len(cursor) > LONGEST:
        raise problem
    try:
        decoded = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise problem from error
    match decoded:
        case [str(found), *values] if found == tag and [type(value) for value in values] == list(kinds):
            if all(_is_storable(value) for value in values):
                return values
    raise problem


def _is_storable(value: Any) -> bool:
    """Whether a database could hold the value at all: 64-bit integers, texts without NUL."""
    return "\x00" not in value if isinstance(value, str) else -(2**63) <= value < 2**63
