"""Recordings that are read a stretch at a time, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from umtn_core.rows import Rows
from umtn_core.stage import BLOCK

Audio = NDArray[np.float32]

#: Samples a second that a recording may have: with fewer there is no music in it, and with more
#: filters as long as a part of a second would fill the memory.
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000

#: Channels that a recording may have.
MOST_CHANNELS = 64

#: Beyond it floating-point samples mean nothing. Those in whole numbers of 16 bits stay far below.
FARTHEST = 1e6


class Sound(Protocol):
    """A recording.

    Attributes
    ----------
    channels, samples, sample_rate : int
        Its form; the rate in hertz.
    """

    channels: int
    samples: int
    sample_rate: int

    def read(self, start: int, length: int) -> Audio:
        """Read a stretch inside it: float32 (channels, length), not to be changed."""


class SoundArray:
    """A recording in memory.

    Parameters
    ----------
    audio : float32 array (channels, samples)
    sample_rate
        The rate in hertz.
    """

    def __init__(self, audio: Audio, sample_rate: int):
        self._audio = audio
        self.channels, self.samples = audio.shape
        self.sample_rate = sample_rate

    def read(self, start: int, length: int) -> Audio:
        """See `Sound.read`."""
        return self._audio[:, start : start + length]


class SoundRows:
    """A recording in rows, one for each instant.

    Parameters
    ----------
    rows : Rows (samples, channels)
        Where it lies.
    sample_rate
        The rate in hertz.
    remark
        What is odd of the file that it was read from, in a sentence; empty if all is well.
    """

    def __init__(self, rows: Rows, sample_rate: int, *, remark: str = ""):
        self._rows = rows
        self.samples, self.channels = rows.shape
        self.sample_rate = sample_rate
        self.remark = remark

    def read(self, start: int, length: int) -> Audio:
        """See `Sound.read`."""
        return np.ascontiguousarray(self._rows[start : start + length].T)

    @property
    def is_kept(self) -> bool:
        """Whether it lies in a file that stays."""
        return self._rows.is_kept

    def sync(self) -> None:
        """Make it safe from a crash, where it lies in a file.

        Raises
        ------
        OSError
        """
        self._rows.sync()


def blocks_of(sound: Sound, size: int = BLOCK) -> Iterator[Audio]:
    """Read a recording from its beginning to its end, (channels, n) each."""
    for start in range(0, sound.samples, size):
        yield sound.read(start, min(size, sound.samples - start))
