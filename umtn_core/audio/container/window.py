"""A file seen through a window: some of its bytes, in another order, with others between them."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO, TypeAlias

#: Bytes of the file, as (offset, length), or bytes that stand in none.
Piece: TypeAlias = tuple[int, int] | bytes


def append(pieces: list[tuple[int, int]], place: int, length: int) -> None:
    """Add bytes of the file to pieces of it, to the last one where they follow it."""
    if pieces and sum(pieces[-1]) == place:
        place, length = pieces[-1][0], pieces.pop()[1] + length
    pieces.append((place, length))


class Window:
    """Pieces of a file and bytes of our own, read as if they were one file.

    Parameters
    ----------
    file
        Open for reading; its position is moved by every read.
    pieces
        What is seen, in order. What of a piece lies behind the file's end is not there.

    Attributes
    ----------
    error : OSError or None
        What went wrong in a read, since a decoder does not pass it on.
    """

    def __init__(self, file: BinaryIO, pieces: Sequence[Piece]):
        self._file = file
        self._pieces = pieces
        lengths = (len(piece) if isinstance(piece, bytes) else piece[1] for piece in pieces)
        self._ends = list(accumulate(lengths))
        self._place = 0
        self.error: OSError | None = None

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: len(self)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes, as many as there are of so many; -1, all of them."""
        left = len(self) - self._place
        blocks, wanted = [], left if count < 0 else min(count, left)
        try:
            while wanted > 0 and (block := self._some(wanted)):
                blocks.append(block)
                wanted -= len(block)
                self._place += len(block)
        except OSError as error:
            self.error = error
        return b"".join(blocks)

    def _some(self, most: int) -> bytes:
        """Read on within one piece."""
        index = bisect_right(self._ends, self._place)
        piece = self._pieces[index]
        left = self._ends[index] - self._place
        count = min(most, left)
        if isinstance(piece, bytes):
            return piece[len(piece) - left :][:count]
        self._file.seek(piece[0] + piece[1] - left)
        return self._file.read(count)
