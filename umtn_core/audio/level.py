"""Bringing audio to a loudness without ever clipping it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.loudness import gain_between, loudness

Audio = NDArray[np.float32]

_LIMITER_SECONDS = 0.005


def limited(audio: Audio, sample_rate: int, peak: float) -> Audio:
    """Turn audio down around what exceeds a peak, and leave the rest as loud as it is.

    The gain follows straight lines between steps of 5 ms, on all channels alike, and
    begins to fall before the peak it is for: nothing is clipped, nothing delayed.

    Parameters
    ----------
    audio : float32 array (channels, samples)
    sample_rate
        The audio's rate in hertz.
    peak
        Largest absolute sample allowed.

    Returns
    -------
    float32 array (channels, samples)
    """
    heights = np.abs(audio).max(axis=0)
    if heights.max() <= peak:
        return audio
    step = max(1, round(_LIMITER_SECONDS * sample_rate))
    highest = np.maximum.reduceat(heights, np.arange(0, len(heights), step))
    needed = np.minimum(1.0, peak / np.maximum(highest, peak))
    # At an edge between steps the lower gain of the two, so that neither is exceeded.
    edges = np.minimum(np.append(needed, 1.0), np.append(1.0, needed))
    gain = np.interp(np.arange(len(heights)), np.arange(len(edges)) * step, edges)
    return np.clip(audio * gain.astype(np.float32), -peak, peak).astype(np.float32, copy=False)


def matched(audio: Audio, sample_rate: int, lufs: float, quietest: float = -math.inf) -> Audio:
    """Bring audio to a loudness; silence, which no gain makes louder, stays as it is.

    Parameters
    ----------
    audio : float32 array (samples,)
    sample_rate
        The audio's rate in hertz.
    lufs
        The loudness to bring it to.
    quietest
        LUFS below which audio is not music but what is left where there is none: it gets
        no more gain than audio of this loudness would.
    """
    now = loudness(audio, sample_rate)
    if math.isinf(now) or math.isinf(lufs):
        return audio
    return audio * np.float32(gain_between(max(now, quietest), lufs))


def to_reference(audio: Audio, sample_rate: int, lufs: float) -> Audio:
    """Do as `matched`, but turn all of it down where it would leave [-1, 1].

    Codes cannot hold more, and what the network hears is not to be limited.
    """
    audio = matched(audio, sample_rate, lufs)
    return audio / np.float32(max(1.0, float(np.abs(audio).max(initial=0))))
