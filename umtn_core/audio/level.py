"""Bringing audio to a loudness without ever clipping it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.loudness import gain_between, loudness
from umtn_core.stage import Passing

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
    if np.abs(audio).max() <= peak:
        return audio
    limiter = Limiter(sample_rate, peak)
    return np.concatenate([limiter(audio), limiter.rest()], axis=1)


class Limiter:
    """Does as `limited` with audio that comes in blocks: a stage, (channels, n) each.

    Parameters
    ----------
    sample_rate, peak
        What they are for `limited`.
    """

    def __init__(self, sample_rate: int, peak: float):
        self._step = max(1, round(_LIMITER_SECONDS * sample_rate))
        self._peak = peak
        self._waiting = Passing()
        self._last = 1.0

    def __call__(self, audio: Audio) -> Audio:
        """Take the next block, and give the steps whose gain is known: all but the last."""
        self._waiting.add(audio)
        steps = (self._waiting.end - self._waiting.begin) // self._step - 1
        return self._made(self._waiting.begin + max(0, steps) * self._step, ended=False)

    def rest(self) -> Audio:
        """Give what is left."""
        return self._made(self._waiting.end, ended=True)

    def _made(self, end: int, *, ended: bool) -> Audio:
        begin, step = self._waiting.begin, self._step
        audio = self._waiting.read(begin, end)
        if end == begin:
            return audio
        # Ahead by a step, since a gain begins to fall before the step that it is for.
        heights = np.abs(self._waiting.read(begin, end if ended else end + step)).max(axis=0)
        highest = np.maximum.reduceat(heights, np.arange(0, len(heights), step))
        needed = np.minimum(1.0, self._peak / np.maximum(highest, self._peak))
        # At an edge between steps the lower gain of the two, so that neither is exceeded.
        before = np.concatenate([[self._last], needed])
        edges = np.minimum(before, np.append(needed, 1.0))
        self._last = float(needed[(end - begin - 1) // step])
        self._waiting.forget(end)
        if edges.min() == 1.0:
            return audio
        gain = np.interp(np.arange(end - begin), np.arange(len(edges)) * step, edges)
        limited = np.clip(audio * gain.astype(np.float32), -self._peak, self._peak)
        return limited.astype(np.float32, copy=False)


def gain_to_match(now: float, lufs: float, quietest: float = -math.inf) -> np.float32:
    """Return the factor that brings audio to a loudness; 1 for silence, which none makes louder.

    Parameters
    ----------
    now
        The audio's loudness in LUFS.
    lufs
        The loudness to bring it to.
    quietest
        LUFS below which audio is not music but what is left where there is none: it gets
        no more gain than audio of this loudness would.
    """
    if math.isinf(now) or math.isinf(lufs):
        return np.float32(1)
    return np.float32(gain_between(max(now, quietest), lufs))


def matched(audio: Audio, sample_rate: int, lufs: float) -> Audio:
    """Bring audio to a loudness; silence, which no gain makes louder, stays as it is.

    Parameters
    ----------
    audio : float32 array (samples,)
    sample_rate
        The audio's rate in hertz.
    lufs
        The loudness to bring it to.
    """
    return audio * gain_to_match(loudness(audio, sample_rate), lufs)


def to_reference(audio: Audio, sample_rate: int, lufs: float) -> Audio:
    """Do as `matched`, but turn all of it down where it would leave [-1, 1].

    Codes cannot hold more, and what the network hears is not to be limited.
    """
    audio = matched(audio, sample_rate, lufs)
    return audio / np.float32(max(1.0, float(np.abs(audio).max(initial=0))))
