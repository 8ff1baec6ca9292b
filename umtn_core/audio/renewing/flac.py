"""FLAC files: encoded anew, with everything else that stands in the old one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, cast

import numpy as np
import soundfile

from umtn_core.audio.renewing.flac_head import LAST, MARK, SEEKTABLE, STREAMINFO, FlacHead
from umtn_core.audio.renewing.sample_bytes import whole_numbers
from umtn_core.audio.sound import Audio
from umtn_core.errors import UmtnError

#: What can be written, by the bits of a sample.
SUBTYPES = {8: "PCM_S8", 16: "PCM_16", 24: "PCM_24"}


def renew_flac(
    _old: BinaryIO,
    new: BinaryIO,
    blocks: Iterable[Audio],
    *,
    head: FlacHead,
    form: tuple[int, int],
    folder: Path,
) -> int:
    """Write a FLAC file again with other sound in it, of as many bits.

    Parameters
    ----------
    _old, new
        The file as it is, whose head is known, and the one to write.
    blocks : iterable of float32 array (channels, n)
        The new sound.
    head
        What stands before the sound in the old one; its bits among `SUBTYPES`.
    form
        The sound's channels, and its rate in hertz.
    folder
        Where the new sound lies meanwhile.

    Returns
    -------
    int
        How many samples were beyond full scale, and became full scale.

    Raises
    ------
    UmtnError
        If the encoder fails.
    OSError
        If there is no room.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        sound = cast(BinaryIO, file)
        clipped = _encode(sound, blocks, head.bits, form)
        made = FlacHead.of(sound)
        if made is None:
            raise UmtnError("The FLAC encoder wrote no whole file.")
        kept = [block for block in head.blocks if block[0] not in (STREAMINFO, SEEKTABLE)]
        new.write(head.before + MARK)
        for number, (kind, content) in enumerate([made.blocks[0], *kept]):
            last = LAST if number == len(kept) else 0
            new.write(bytes([kind | last]) + len(content).to_bytes(3, "big") + content)
        sound.seek(made.size)
        copyfileobj(sound, new)
    new.write(head.after)
    return clipped


def _encode(file: BinaryIO, blocks: Iterable[Audio], bits: int, form: tuple[int, int]) -> int:
    watched, clipped = _Watched(file), 0
    channels, sample_rate = form
    try:
        with soundfile.SoundFile(
            watched, "w", sample_rate, channels, format="FLAC", subtype=SUBTYPES[bits]
        ) as encoder:
            for block in blocks:
                samples = np.ascontiguousarray(block.T, np.float64)
                clipped += int(np.count_nonzero(np.abs(samples) > 1))
                # The encoder takes the upper bits of a number.
                encoder.write(whole_numbers(samples, bits) << (32 - bits))
                watched.check()
    except (soundfile.LibsndfileError, AssertionError) as error:
        watched.check()
        raise UmtnError(f"The FLAC encoder fails: {error}.") from error
    watched.check()
    return clipped


class _Watched:
    """A file for libsndfile to write to, which keeps what goes wrong in it.

    libsndfile calls it from C, from where an exception does not come through.

    Parameters
    ----------
    file
        The file that is written to.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise what went wrong in it.

        Raises
        ------
        OSError
        """
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        """Write, and return how much was written: nothing once something went wrong."""
        if self._error is None:
            try:
                return self._file.write(data)
            except OSError as error:
                self._error = error
        return 0

    def seek(self, offset: int, whence: int) -> int:
        """Go to a place in it, and return where it is."""
        if self._error is None:
            try:
                self._file.seek(offset, whence)
            except OSError as error:
                self._error = error
        return self.tell()

    def tell(self) -> int:
        """Return where it is."""
        return self._file.tell() if self._error is None else 0
