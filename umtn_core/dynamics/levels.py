"""How loud audio is, a hundred times a second, measured while it streams by."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.loudness import high_shelf

#: Seconds of one step: shorter than an attack, longer than a period of most notes.
STEP_SECONDS = 0.01
#: LUFS are so much less than the level of what is heard, after BS.1770.
LUFS_BELOW_LEVEL = 0.691
#: The level in dB of what has no sound at all.
NOTHING = -200.0

#: After this long the weighting filter has forgotten.
_FILTER_SECONDS = 0.0008
_TRANSFORM = 1 << 12

_STEPS_A_SECOND = round(1 / STEP_SECONDS)


class LevelMeter:
    """Measures levels every 10 ms, however the audio is divided into blocks.

    High frequencies weigh as much as they do in loudness (BS.1770), and an offset, or what rumbles
    below the lowest notes, does not count.

    Parameters
    ----------
    sample_rate
        Samples a second of the audio.
    """

    def __init__(self, sample_rate: int):
        self._rate = sample_rate
        self._taps = weighting(sample_rate)
        self._steps = 0
        # Samples before the first step that is not whole, for the filter, and those of that step.
        self._held: NDArray[np.float32] = np.zeros(len(self._taps) - 1, np.float32)
        self._sums = np.zeros((3, 1))

    def add(self, audio: NDArray[np.float32]) -> None:
        """Take in what comes next.

        Parameters
        ----------
        audio : float32 array (samples,)
            Any number of samples; none is possible too.
        """
        before = len(self._taps) - 1
        self._held = np.concatenate([self._held, audio])
        first = int(step_edges(self._steps, self._rate))
        there = first + len(self._held) - before
        whole = steps_over(there, self._rate)
        if step_edges(whole, self._rate) > there:
            whole -= 1
        if whole <= self._steps:
            return
        edges = step_edges(np.arange(self._steps, whole + 1), self._rate) - first
        while self._sums.shape[1] < whole:
            self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)], axis=1)
        self._sums[:, self._steps : whole] = self._summed(self._held[: edges[-1] + before], edges)
        self._held = self._held[edges[-1] :].copy()
        self._steps = whole

    def levels(self, first: int = 0, *, ended: bool = True) -> NDArray[np.float32]:
        """Give the level of each step so far.

        Parameters
        ----------
        first
            The step to begin with.
        ended
            Whether a last step that is not whole counts, by what is there of it, and silence
            follows. If not, the levels are those that nothing to come will change.

        Returns
        -------
        float32 array (steps,)
            In dB of full scale; `NOTHING` is silence. More may be added afterwards.
        """
        # Each level is that of its step and half its neighbours: of three periods of 80 Hz.
        low, before = max(0, first - 1), len(self._taps) - 1
        sums = self._sums[:, low : self._steps]
        if ended and (left := len(self._held) - before):
            sums = np.concatenate([sums, self._summed(self._held, np.array([0, left]))], axis=1)
        around = np.pad(sums, ((0, 0), (int(low == first), 1)))
        count, total, power = around[:, :-2] + 2 * around[:, 1:-1] + around[:, 2:]
        found = power / count - (total / count) ** 2
        levels = 10 * np.log10(np.maximum(found, 10 ** (NOTHING / 10)))
        return levels[: None if ended else -1].astype(np.float32)

    def _summed(self, audio: NDArray[np.float32], edges: NDArray[np.int64]) -> NDArray[np.float64]:
        """Number, sum and sum of squares of the weighted samples of steps: (3, steps)."""
        size = edges[-1]
        weighted = np.zeros(size, np.float32)
        for i, tap in enumerate(self._taps):
            weighted += tap * audio[len(self._taps) - 1 - i :][:size]
        samples = weighted.astype(np.float64)
        totals = np.add.reduceat(samples, edges[:-1])
        powers = np.add.reduceat(samples * samples, edges[:-1])
        return np.stack([np.diff(edges).astype(np.float64), totals, powers])


def step_edges(step: int | NDArray[np.int64], rate: int) -> NDArray[np.int64]:
    """Say at which sample a step begins: steps -> int64 array of their form."""
    return (np.asarray(step, np.int64) * rate + _STEPS_A_SECOND // 2) // _STEPS_A_SECOND


def step_middles(first: int, last: int, rate: int) -> NDArray[np.float64]:
    """Give the middles of some steps in samples: float64 (last - first,)."""
    return (np.arange(first, last, dtype=np.float64) + 0.5) * (rate / _STEPS_A_SECOND)


def steps_over(samples: int, rate: int) -> int:
    """Count the steps that hold so many samples, the last perhaps not whole."""
    steps = samples * _STEPS_A_SECOND // rate
    while step_edges(steps, rate) < samples:
        steps += 1
    return steps


@lru_cache(maxsize=8)
def weighting(rate: int) -> NDArray[np.float32]:
    """Give the filter that weighs high frequencies as loudness does: float32 (taps,)."""
    z = np.exp(-2j * np.pi * np.arange(_TRANSFORM // 2 + 1) / _TRANSFORM)
    response = np.fft.irfft(high_shelf(z, rate), _TRANSFORM)
    return response[: math.ceil(_FILTER_SECONDS * rate)].astype(np.float32)
