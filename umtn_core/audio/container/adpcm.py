"""Packed samples whose blocks say where they begin: a damaged one is noise from there on."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from umtn_core.errors import UmtnError

MICROSOFT, IMA = 0x02, 0x11
#: The predictors of Microsoft's coding, and the steps of IMA's.
_PREDICTORS, _STEPS = 7, 89
_BLOCKS_AT_ONCE = 4096


def check_blocks(
    file: BinaryIO, piece: tuple[int, int], tag: int, channels: int, block: int, path: object
) -> None:
    """Refuse a file in which a block begins with what no encoder writes.

    Parameters
    ----------
    file
        Open for reading.
    piece
        Where the blocks lie, as (offset, length).
    tag
        The coding, `MICROSOFT` or `IMA`; of others nothing can be told.
    channels, block
        The number of channels, and the bytes of a block.
    path
        What to call the file.

    Raises
    ------
    UmtnError
        If so, or if a block is too short to begin.
    """
    if tag not in (MICROSOFT, IMA):
        return
    head = 7 * channels if tag == MICROSOFT else 4 * channels
    if block < head:
        raise UmtnError(
            f"{path} contradicts itself: by its header, {channels} channels are packed into blocks "
            f"of {block} bytes, which are too few; export it again."
        )
    offset, length = piece
    number = 0
    while number * block + block <= length:
        count = min(_BLOCKS_AT_ONCE, length // block - number)
        file.seek(offset + number * block)
        blocks = np.frombuffer(file.read(count * block), np.uint8)
        heads = blocks[: len(blocks) // block * block].reshape(-1, block)[:, :head]
        if tag == MICROSOFT:
            bad = heads[:, :channels] >= _PREDICTORS
        else:
            bad = (heads[:, 2::4] >= _STEPS) | (heads[:, 3::4] != 0)
        if bad.any():
            at = number + int(np.argmax(bad.any(axis=1)))
            raise UmtnError(
                f"{path} is damaged {at * block} bytes into its sound, where packed samples begin "
                "with what nobody writes; copy it again."
            )
        number += count
