"""Whole numbers in more bytes than they need, and in which part of them they lie."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from umtn_core.audio.container.window import Window
from umtn_core.errors import UmtnError

#: Bytes that are looked at at once.
_BLOCK = 3 << 20


def scale_of(
    file: BinaryIO,
    pieces: tuple[tuple[int, int], ...],
    *,
    width: int,
    bits: int,
    big: bool,
    path: object,
) -> float:
    """Tell what samples are to be multiplied by that have a byte or more to spare.

    The upper part is where they should lie; in the lower one they do in what ALSA calls S24_LE. A
    header that speaks of mono where there is stereo looks the same, but has no byte to spare.

    Parameters
    ----------
    file
        Open for reading.
    pieces
        Where the samples stand in it, as (offset, length).
    width, bits
        The bytes that a sample takes, and the bits of it that count.
    big
        Whether its big end comes first.
    path
        What to call the file.

    Raises
    ------
    UmtnError
        If there is something in all of their bytes, and that cannot be.
    """
    spare = 8 * width - bits
    if spare < 8:
        return 1.0
    upper = lower = True
    window = Window(file, pieces)
    while upper and lower and (block := window.read(_BLOCK)):
        values = _integers(block, width, big=big)
        upper = upper and not np.any(values & ((1 << spare) - 1))
        lower = lower and bool(np.all(np.abs(values) <= 1 << (bits - 1)))
    if upper:
        return 1.0
    if lower:
        return float(1 << spare)
    # Some write 32 bits and say 24, which does no harm.
    if width == 4 and bits > 16:
        return 1.0
    raise UmtnError(
        f"{path} contradicts itself: by its header, samples of {bits} bits take {width} bytes "
        "each, and there is more in them; export it again."
    )


def _integers(block: bytes, width: int, *, big: bool) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    octets = np.frombuffer(block, np.uint8)
    octets = octets[: len(octets) // width * width].reshape(-1, width)
    if big:
        octets = octets[:, ::-1]
    values = octets[:, -1].view(np.int8).astype(np.int64)
    for column in range(width - 2, -1, -1):
        values = values << 8 | octets[:, column]
    return values
