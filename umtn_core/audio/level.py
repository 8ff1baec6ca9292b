"""Bringing audio to a loudness without ever clipping it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.loudness import gain_between, loudness

Audio = NDArray[np.float32]


def limited_to(audio: Audio, peak: float) -> Audio:
    """Turn audio down, as a whole, until it stays within a peak."""
    highest = float(np.abs(audio).max(initial=0))
    return audio if highest <= peak else audio * np.float32(peak / highest)


def matched(audio: Audio, sample_rate: int, lufs: float, quietest: float = -math.inf) -> Audio:
    """Bring audio to a loudness; silence, which no gain makes louder, stays as it is.

    Parameters
    ----------
    audio : float32 array (samples,)
    sample_rate
        In hertz.
    lufs
        To bring it to.
    quietest
        LUFS below which audio is not music but what is left where there is none: it gets
        no more gain than audio of this loudness would.
    """
    now = loudness(audio, sample_rate)
    if math.isinf(now) or math.isinf(lufs):
        return audio
    return audio * np.float32(gain_between(max(now, quietest), lufs))


def to_reference(audio: Audio, sample_rate: int, lufs: float) -> Audio:
    """Do as `matched`, but turn down where it would leave [-1, 1], which codes cannot hold."""
    return limited_to(matched(audio, sample_rate, lufs), 1.0)
