"""Channels of one player as one signal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.stereo.smoothing import lines
from umtn_core.stereo.windows import Windows

Audio = NDArray[np.float32]

#: Steps that are mixed at once.
_AT_ONCE = 100


def mixer(weights: NDArray[np.float32], delays: Sequence[int], step: int) -> Windows:
    """Give a stage that adds up channels, each as much earlier as it is late.

    Parameters
    ----------
    weights : float32 array (channels, steps)
        How much of each there is in the middle of each step.
    delays
        In samples; negative, the channel is early.
    step
        The samples of a step.

    Returns
    -------
    Windows
        float32 (channels, n) -> (n',).
    """
    before, after = max(0, -min(delays)), max(0, *delays)

    def mixed(number: int, window: Audio) -> Audio:
        first = number * _AT_ONCE
        made = np.zeros(_AT_ONCE * step, np.float32)
        curves = lines(knots(weights, first, _AT_ONCE), step)
        for channel, curve, delay in zip(window, curves, delays, strict=True):
            begin = before + delay
            made += channel[begin : begin + len(made)] * curve
        return made

    return Windows(mixed, _AT_ONCE * step, before=before, after=after, shape=(len(weights),))


def knots(curves: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
    """Take some steps of curves and one more on either side, the ends kept: (..., count + 2)."""
    return curves[..., np.clip(np.arange(first - 1, first + count + 1), 0, curves.shape[-1] - 1)]
