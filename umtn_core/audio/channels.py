"""Which signals of a multi-channel recording are translated, and how they become channels again."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError

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


def check_channel_mode(mode: str) -> None:
    """Refuse what is no `ChannelMode`.

    Raises
    ------
    UmtnError
        If there is no such mode.
    """
    if mode not in CHANNEL_MODES:
        raise UmtnError(f"Channels must be {', '.join(CHANNEL_MODES)}, not {mode!r}.")


class Channels:
    """A recording's channels taken apart into signals, to be put together again.

    Parameters
    ----------
    audio : float32 array (channels, samples)
    mode
        One of the modes that `ChannelMode` describes.

    Attributes
    ----------
    signals : list of float32 array (samples,)
        What is to be translated.
    ids : list of int
        The channel that each signal is taken from; 0 for a mean.

    Raises
    ------
    UmtnError
        If there is no such mode.
    """

    signals: list[NDArray[np.float32]]
    ids: list[int]

    def __init__(self, audio: NDArray[np.float32], mode: ChannelMode):
        check_channel_mode(mode)
        self._audio = audio
        self._mode = mode
        if mode in ("auto", "per-channel"):
            first_equal = _first_equal(audio)
            self.ids = sorted(set(first_equal))
            self._signal_of_channel = [self.ids.index(first) for first in first_equal]
            self.signals = [audio[channel] for channel in self.ids]
        else:
            self.ids = [0]
            self._signal_of_channel = [0] * len(audio)
            self.signals = [audio.mean(axis=0, dtype=np.float32)]

    def joined(self, translated: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Put translated signals together as channels: float32 array (channels, samples)."""
        joined = np.stack([translated[signal] for signal in self._signal_of_channel])
        if self._mode == "mid":
            joined += self._audio - self.signals[0]
        return joined


def _first_equal(audio: NDArray[np.float32]) -> list[int]:
    """Find for each channel the first one that holds the very same samples."""
    first: list[int] = []
    for channel, samples in enumerate(audio):
        candidates = (i for i in sorted(set(first)) if np.array_equal(audio[i], samples))
        first.append(next(candidates, channel))
    return first
