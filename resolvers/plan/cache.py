"""A cache that is bounded by what its values take, not by their number."""

from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Cache(Generic[V]):
    """Values by key; the least recently used go when all together weigh more than `room` bytes.

    `hits` and `misses` count the look-ups.
    """

    def __init__(self, room: int) -> None:
        self.hits = 0
        self.misses = 0
        self._room = room
        self._used = 0
        self._values: dict[Hashable, tuple[V, int]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> V | None:
        """The value of `key`, now the most recently used, or None."""
        entry = self._values.pop(key, None)
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        self._values[key] = entry
        return entry[0]

    def put(self, key: Hashable, value: V, weight: int) -> None:
        """Remember `value`, which takes about `weight` bytes."""
        _, before = self._values.pop(key, (None, 0))
        self._values[key] = (value, weight)
        self._used += weight - before
        while self._used > self._room and len(self._values) > 1:
            _, freed = self._values.pop(next(iter(self._values)))
            self._used -= freed
