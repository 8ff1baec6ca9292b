"""Which signals of a multi-channel recording are translated, and how they become channels again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.stage import Passing
from umtn_core.values import is_word, shown

Audio = NDArray[np.float32]

#: ``auto``
#:     What is one player on several channels (panned, moving, recorded by several microphones,
#:     dithered) is translated once, and placed as it was; several players, as ``per-channel``.
#: ``per-channel``
#:     Every channel is translated by itself; channels that are equal, once. Keeps where
#:     instruments stand, takes as many streams as there are channels.
#: ``mono``
#:     The mean of the channels is translated, and put on all of them.
#: ``mid``
#:     The mean of the channels (in stereo, the middle) is translated, and what each
#:     channel differs from it by (in stereo, the side) is kept as recorded: the room and
#:     the width stay, and so does some of the old instrument if it stood to one side.
ChannelMode = Literal["auto", "per-channel", "mono", "mid"]

CHANNEL_MODES: tuple[ChannelMode, ...] = get_args(ChannelMode)


def channel_mode_meant(typed: str) -> ChannelMode:
    """Find the mode that is meant, however its name is written.

    Raises
    ------
    UmtnError
        If there is no such mode.
    """
    for mode in CHANNEL_MODES:
        if is_word(typed, mode):
            return mode
    raise UmtnError(f"Channels must be {', '.join(CHANNEL_MODES)}, not {shown(typed)}.")


class EqualChannels:
    """Finds out, of audio that comes in blocks, which channels hold the very same samples.

    Parameters
    ----------
    channels
        The number of channels.
    """

    def __init__(self, channels: int):
        self._equal = {(a, b) for b in range(channels) for a in range(b)}
        self._channels = channels

    def add(self, block: Audio) -> None:
        """Take in the next block, (channels, n)."""
        self._equal = {(a, b) for a, b in self._equal if np.array_equal(block[a], block[b])}

    def first(self) -> tuple[int, ...]:
        """Give for each channel the first one that was equal to it so far."""
        return tuple(
            next((a for a in range(b) if (a, b) in self._equal), b) for b in range(self._channels)
        )


@dataclass(frozen=True)
class PerChannel:
    """Channels that are translated by themselves, and equal ones once.

    Parameters
    ----------
    first_equal
        The first channel that is equal to it, for each channel.
    """

    first_equal: tuple[int, ...]

    @property
    def ids(self) -> list[int]:
        """The channel that each signal is taken from."""
        return sorted(set(self.first_equal))

    def signals(self, blocks: Iterator[Audio]) -> Iterator[Audio]:
        """Take blocks of channels apart: (channels, n) -> (signals, n)."""
        return (block[self.ids] for block in blocks)

    def joined(self, blocks: Iterator[Audio], dry: Iterator[Audio]) -> Iterator[Audio]:
        """Make channels of blocks of translated signals: (signals, n) -> (channels, n)."""
        which = [self.ids.index(first) for first in self.first_equal]
        return (block[which] for block in blocks)


@dataclass(frozen=True)
class Mean:
    """The mean of all channels, which is translated and put on all of them.

    Parameters
    ----------
    channels
        The number of channels.
    keeps_sides
        Whether what each differs by from the mean is kept as recorded.
    """

    channels: int
    keeps_sides: bool

    #: Its random numbers are those of a single channel.
    ids = (0,)

    def signals(self, blocks: Iterator[Audio]) -> Iterator[Audio]:
        """As `PerChannel.signals`."""
        return (block.mean(axis=0, dtype=np.float32)[None] for block in blocks)

    def joined(self, blocks: Iterator[Audio], dry: Iterator[Audio]) -> Iterator[Audio]:
        """As `PerChannel.joined`; ``dry``, the recording again, is read where it is needed."""
        waiting = Passing()
        for block in blocks:
            made = np.repeat(block, self.channels, axis=0)
            if self.keeps_sides:
                first = waiting.begin
                while waiting.end < first + made.shape[1]:
                    waiting.add(next(dry))
                recorded = waiting.read(first, first + made.shape[1])
                made += recorded - recorded.mean(axis=0, dtype=np.float32)
                waiting.forget(first + made.shape[1])
            yield made
