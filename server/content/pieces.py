"""Pieces of trees as they are sent: for each a letter for what it is, its length in eight bytes, and its bytes."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from edx.olx.members import DEFAULTS
from resolvers.content.uploads import UploadTooLarge
from resolvers.transfer.trees import BadTree

PIECES = "application/vnd.collegium.pieces"
NODE, BLOB = b"N", b"B"
HEAD = 9
TOGETHER = 4 << 20
"""Bytes of pieces that are stored, or sent, together."""
LARGEST = {NODE: 16 << 20, BLOB: DEFAULTS.file}


@dataclass
class Pieces:
    """Some nodes and blobs."""

    nodes: list[bytes] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, kind: bytes, data: bytes) -> None:
        """Add one."""
        (self.nodes if kind == NODE else self.blobs).append(data)
        self.size += len(data)


def written(kind: bytes, data: bytes) -> bytes:
    """A piece as it is sent."""
    return kind + len(data).to_bytes(HEAD - 1, "big") + data


async def read_pieces(stream: AsyncIterator[bytes], most: int) -> AsyncIterator[Pieces]:
    """The pieces of a stream, some at a time, as they come. Raises BadTree and UploadTooLarge."""
    buffer, some, total = bytearray(), Pieces(), 0
    async for data in stream:
        total += len(data)
        if total > most:
            raise UploadTooLarge(f"a request may have {most} bytes of pieces")
        buffer += data
        while len(buffer) >= HEAD and len(buffer) >= HEAD + _length(buffer):
            end = HEAD + _length(buffer)
            some.add(bytes(buffer[:1]), bytes(buffer[HEAD:end]))
            del buffer[:end]
            if some.size >= TOGETHER:
                yield some
                some = Pieces()
    if buffer:
        raise BadTree("the last piece is cut off")
    if some.nodes or some.blobs:
        yield some


def _length(buffer: bytearray) -> int:
    """How long the first piece is. Raises BadTree for what is none."""
    limit = LARGEST.get(bytes(buffer[:1]))
    length = int.from_bytes(buffer[1:HEAD], "big")
    if limit is None or length > limit:
        raise BadTree("a piece begins with its letter, N or B, and a length that is not too large")
    return length


def batches(pieces: Iterable[tuple[bytes, bytes]]) -> Iterable[list[bytes]]:
    """Pieces as they are sent, so many at a time as go together."""
    batch: list[bytes] = []
    size = 0
    for kind, data in pieces:
        batch.append(written(kind, data))
        size += len(data)
        if size >= TOGETHER:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
