"""Whole numbers in more bytes than they need, and in which part of them they lie."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import numpy as np

from umtn_core.audio.container.found import WIDTHS, Layout
from umtn_core.audio.container.window import Window
from umtn_core.errors import UmtnError

#: Numbers that are no zeros, by which to tell.
_ENOUGH = 100
#: Bytes that are looked at at once.
_BLOCK = 3 << 20


def justified(file: BinaryIO, layout: Layout, path: object) -> Layout:
    """Find out what samples are to be multiplied by that have a byte or more to spare.

    The upper part is where they should lie; in the lower one they do in what ALSA calls S24_LE. A
    header that speaks of mono where there is stereo looks the same, but has no byte to spare.

    Parameters
    ----------
    file
        Open for reading.
    layout
        Where the samples stand in it, with the bits that count.
    path
        What to call the file.

    Raises
    ------
    UmtnError
        If there is something in all of their bytes, and that cannot be.
    """
    width, bits, big = WIDTHS[layout.subtype], layout.bits, layout.endian == "BIG"
    if layout.subtype not in ("PCM_16", "PCM_24", "PCM_32") or not bits:
        return layout
    if layout.subtype == "PCM_32" and bits == 32 and _hold_floats(file, layout):
        return replace(layout, subtype="FLOAT", bits=0)
    spare = 8 * width - bits
    if spare < 8:
        return layout
    upper = lower = True
    window = Window(file, layout.pieces)
    block = b""
    while upper and lower and (block := window.read(_BLOCK)):
        values = _integers(block, width, big=big)
        upper = upper and not np.any(values & ((1 << spare) - 1))
        lower = lower and bool(np.all(np.abs(values) <= 1 << (bits - 1)))
    if upper:
        return layout
    if lower:
        return replace(layout, scale=float(1 << spare))
    if width == 4 and bits > 16 and not _are_floats(block, big=big):
        # Some write 32 bits and say 24, which does no harm.
        return replace(layout, bits=32)
    raise UmtnError(
        f"{path} contradicts itself: by its header, whole numbers of {bits} bits take {width} "
        "bytes each, and they hold something else; export it again."
    )


def _hold_floats(file: BinaryIO, layout: Layout) -> bool:
    """Whether floating-point numbers of ordinary loudness stand where whole ones should."""
    window = Window(file, layout.pieces)
    while block := window.read(_BLOCK):
        if any(block):
            return _are_floats(block, big=layout.endian == "BIG", loudest=16.0)
    return False


def _are_floats(block: bytes, *, big: bool, loudest: float = 1e6) -> bool:
    """Whether bytes are floating-point numbers, as Cool Edit wrote them under a name of integers.

    Those that are of sound lie within few powers of ten; of integers, few look like that.
    """
    values = np.abs(np.frombuffer(block[: len(block) // 4 * 4], ">f4" if big else "<f4"))
    values = values[values != 0]
    with np.errstate(invalid="ignore"):
        likely = (values > 1e-7) & (values < loudest)
    return len(values) >= _ENOUGH and bool(likely.mean() > 0.99)


def _integers(block: bytes, width: int, *, big: bool) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    octets = np.frombuffer(block, np.uint8)
    octets = octets[: len(octets) // width * width].reshape(-1, width)
    if big:
        octets = octets[:, ::-1]
    values = octets[:, -1].view(np.int8).astype(np.int64)
    for column in range(width - 2, -1, -1):
        values = values << 8 | octets[:, column]
    return values
