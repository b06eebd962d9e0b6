"""What an import keeps in memory, and what not."""

import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import IO

import pytest

from db.store import StoreFull
from resolvers.content import spool as spooling
from resolvers.content.spool import ROOM, Pile, spool

SIZE, COUNT = 4096, 1000
"""Eight times as many bytes as there is room for."""


def parts() -> list[bytes]:
    return [number.to_bytes(4, "big") * (SIZE // 4) for number in range(COUNT)]


def peak_of(work: object) -> int:
    """Bytes of memory that are taken while something is kept."""
    tracemalloc.start()
    assert callable(work)
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_pile_gives_back_what_was_put_in_wherever_it_is() -> None:
    pile = Pile()
    for number, data in enumerate(parts()):
        pile[str(number)] = data
        pile[str(number)] = data
    assert (len(pile), list(pile)) == (COUNT, [str(number) for number in range(COUNT)])
    assert [pile[str(number)] for number in reversed(range(COUNT))] == parts()[::-1]
    del pile["0"], pile["999"]
    assert ("0" in pile, "999" in pile, "5" in pile, len(pile)) == (False, False, True, COUNT - 2)


def test_an_archive_s_files_are_what_they_were_and_those_of_equal_bytes_one() -> None:
    with spool() as keep:
        blobs = [keep(data) for data in parts()]
        assert [blob.read() for blob in blobs] == parts()
        assert [blob.digest for blob in blobs] == [sha256(data).hexdigest() for data in parts()]
        assert keep(parts()[7]) is blobs[7]


def test_memory_does_not_grow_with_the_bytes() -> None:
    def pile() -> None:
        kept = Pile()
        for number in range(COUNT):
            kept[str(number)] = number.to_bytes(4, "big") * (SIZE // 4)

    def files() -> None:
        with spool() as keep:
            for number in range(COUNT):
                keep(number.to_bytes(4, "big") * (SIZE // 4))

    assert peak_of(pile) < 2 * ROOM
    assert peak_of(files) < 2 * ROOM


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_disk_that_is_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "ROOM", 0)

    def full(prefix: str) -> IO[bytes]:
        return Path("/dev/full").open("r+b", buffering=0)

    monkeypatch.setattr(spooling, "TemporaryFile", full)
    with pytest.raises(StoreFull, match="No space left on device"), spool() as keep:
        keep(b"x")
    with pytest.raises(StoreFull, match="No space left on device"):
        Pile()["x"] = b"x"
