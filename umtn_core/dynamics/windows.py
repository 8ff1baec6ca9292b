"""Curves of a value for each step, looked at through windows that slide over them.

Every value depends on the values in its window alone, bit for bit, so that a part of a curve can
be computed by itself. A step that has no value is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float32]

#: Steps whose windows are sorted at once: few enough for the memory.
_AT_ONCE = 1 << 14


def median(curve: Curve, reach: int) -> Curve:
    """Take the median of what each window has.

    Parameters
    ----------
    curve : float32 array (steps,)
        Values; NaN where there is none, and none before and after.
    reach
        Steps that a window reaches to either side.

    Returns
    -------
    float32 array (steps,)
        NaN where a window has no value.
    """
    if not len(curve):
        return curve
    padded = np.pad(curve, reach, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    found = np.empty(len(curve), np.float32)
    for begin in range(0, len(curve), _AT_ONCE):
        # NaN is sorted to the end.
        values = np.sort(windows[begin : begin + _AT_ONCE], axis=1)
        counts = (~np.isnan(values)).sum(axis=1)
        rows = np.arange(len(values))
        low, high = values[rows, (counts - 1) // 2], values[rows, counts // 2 % values.shape[1]]
        middle = low + (high - low) / 2
        found[begin : begin + _AT_ONCE] = np.where(counts > 0, middle, np.nan)
    return found


def mean(curve: Curve, reach: int) -> Curve:
    """Take the mean of what each window has, weighed by a triangle.

    Parameters
    ----------
    curve : float32 array (steps,)
        Values; NaN where there is none, and none before and after.
    reach
        Steps that a window reaches to either side.

    Returns
    -------
    float32 array (steps,)
        NaN where a window has no value.
    """
    padded = np.pad(curve, reach, constant_values=np.nan).astype(np.float64)
    there = ~np.isnan(padded)
    filled = np.where(there, padded, 0.0)
    total, weight = np.zeros(len(curve)), np.zeros(len(curve))
    # One shift after another: a product of windows would not be the same bits for every part.
    for shift in range(2 * reach + 1):
        share = reach + 1 - abs(shift - reach)
        total += share * filled[shift : shift + len(curve)]
        weight += share * there[shift : shift + len(curve)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / weight).astype(np.float32)


def near(where: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Mark what lies at most so many steps before, or after, something that is marked.

    With -1 before, what lies after it only.
    """
    steps = len(where)
    sums = np.concatenate([[0], np.cumsum(where)])
    at = np.arange(steps)
    return sums[np.minimum(at + before + 1, steps)] > sums[np.maximum(at - after, 0)]
