"""WAV and AIFF files: the bytes that hold the sound written over, and every other one kept."""

from __future__ import annotations

from collections.abc import Iterable
from shutil import copyfileobj
from typing import BinaryIO

from umtn_core.audio.container import Layout
from umtn_core.audio.renewing.sample_bytes import SampleBytes
from umtn_core.audio.sound import Audio
from umtn_core.errors import UmtnError


def renew_in_place(old: BinaryIO, new: BinaryIO, blocks: Iterable[Audio], *, layout: Layout) -> int:
    """Write a file again with other sound in the place of its own.

    Parameters
    ----------
    old, new
        The file as it is, open for reading, and the one to write.
    blocks : iterable of float32 array (channels, n)
        The new sound, of as many channels and samples.
    layout
        Where the old sound stands, and how.

    Returns
    -------
    int
        How many samples were beyond full scale, and became full scale.

    Raises
    ------
    UmtnError
        If there is not as much sound as there was.
    OSError
        If there is no room.
    """
    old.seek(0)
    copyfileobj(old, new)
    encode = SampleBytes(layout)
    pieces, left, samples = iter(layout.pieces), 0, 0
    for block in blocks:
        samples += block.shape[1]
        if samples > layout.samples:
            break
        data = memoryview(encode(block))
        while data:
            while not left:
                offset, left = next(pieces)
                new.seek(offset)
            written = new.write(data[:left])
            data, left = data[written:], left - written
    if samples != layout.samples:
        raise UmtnError("The new sound is not as long as the old.")
    for place in layout.stale:
        # What says how loud the old sound was, or what its checksum is, is no more than room now.
        new.seek(place)
        new.write(b"JUNK")
    return encode.clipped
