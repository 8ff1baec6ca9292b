"""Where a signal is quiet, from powers that are measured while it streams by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Powers are measured over so many seconds each, ...
STEP_SECONDS = 0.01
#: ... and a place is as quiet as this long a stretch around it.
_SMOOTHED_SECONDS = 0.05
#: Decibels that a place as far away as is looked at has to be quieter to be preferred.
RELUCTANCE = 6.0
_FLOOR = 1e-8


def step_samples(rate: int) -> int:
    """Count the samples of one step at so many samples a second."""
    return max(1, round(STEP_SECONDS * rate))


class QuietMeter:
    """Measures a signal's power in steps of 10 ms, however it is divided into blocks.

    Parameters
    ----------
    sample_rate
        Samples a second of the signal.
    """

    def __init__(self, sample_rate: int):
        self._step = step_samples(sample_rate)
        self._powers: list[NDArray[np.float64]] = []
        self._begun: NDArray[np.float32] = np.zeros(0, np.float32)

    def add(self, block: NDArray[np.float32]) -> None:
        """Take in what comes next.

        Parameters
        ----------
        block : float32 array (samples,)
            Any number of samples; none is possible too.
        """
        held = np.concatenate([self._begun, block])
        whole = len(held) // self._step * self._step
        if whole:
            self._powers.append(self._measured(held[:whole]))
        self._begun = held[whole:].copy()

    def powers(self) -> NDArray[np.float64]:
        """Return the mean square of each step so far: float64 (steps,).

        A last step that is not whole counts what it lacks as silence. More may be added afterwards.
        """
        last = [self._measured(self._begun)] if len(self._begun) else []
        return np.concatenate([np.zeros(0), *self._powers, *last])

    def _measured(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        starts = np.arange(0, len(samples), self._step)
        return np.add.reduceat(np.square(samples, dtype=np.float64), starts) / self._step


def quietest(
    powers: NDArray[np.float64], wanted: Sequence[int], wandering: int, rate: int
) -> list[int]:
    """Move each of some places to the quietest near it.

    Parameters
    ----------
    powers : float64 array (steps,)
        What a `QuietMeter` measured of the signal.
    wanted
        The places, in samples.
    wandering
        How many samples each may move, at most.
    rate
        Samples a second of the signal.

    Returns
    -------
    list of int
        In samples, one for each that was wanted: the middles of steps.
    """
    if not wanted:
        return []
    step = step_samples(rate)
    width = max(1, round(_SMOOTHED_SECONDS / STEP_SECONDS))
    smoothed = np.convolve(powers, np.ones(width) / width, "same")
    level = 10 * np.log10(np.maximum(smoothed, _FLOOR))
    moved = []
    for place in wanted:
        near = np.arange(max(0, place - wandering) // step, (place + wandering) // step + 1)
        near = near[near < len(level)]
        far = np.abs(near * step + step // 2 - place) / max(1, wandering)
        best = near[np.argmin(level[near] + RELUCTANCE * far)]
        moved.append(int(best) * step + step // 2)
    return moved
