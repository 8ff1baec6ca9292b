"""Curves of a value for each step, smoothed in time so that places do not flutter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Curves = NDArray[np.float64]

#: Steps that count on either side of a step for how loud channels are: a seventh of a second in
#: all.
QUICK_REACH = 7
#: And for how much they are alike, which differs from note to note and swims in vibrato where a
#: channel is late: two fifths of a second.
CALM_REACH = 20
#: The wide window's, a second in all.
_WIDE = 50
#: How much what is farther away counts: in a second around, and in all of it. It decides where
#: it is 30 dB louder, and 60 dB: a place is kept through a rest.
_WIDE_SHARE, _WHOLE_SHARE = 1e-3, 1e-6


def window(reach: int) -> NDArray[np.float64]:
    """Give the weights of a step and those around it: float64 (2 * reach + 1,), 1 in all."""
    weights = np.hanning(2 * reach + 3)[1:-1]
    return weights / weights.sum()


def covariances(means: NDArray[np.float32], products: NDArray[np.float32]) -> Curves:
    """Find how loud channels are around each step, and how much alike.

    Parameters
    ----------
    means : float32 array (channels, steps)
    products : float32 array (channels, channels, steps)
        What `umtn_core.stereo.covariances.Covariances` gathers.

    Returns
    -------
    float64 array (channels, channels, steps)
        Covariances: what is constant does not count.
    """
    channels, steps = means.shape
    near, wide = window(QUICK_REACH), window(_WIDE)
    share = [_same(np.ones(steps), weights) for weights in (near, wide)]
    level = [_same(each, near) / share[0] for each in means.astype(np.float64)]
    found = np.empty((channels, channels, steps))
    for a in range(channels):
        for b in range(a + 1):
            product = products[a, b].astype(np.float64)
            around = _same(product, near) / share[0] - level[a] * level[b]
            # As windows sum up a signal's own powers, small differences must not turn negative.
            if a == b:
                around = np.maximum(around, 0.0)
            wider = _same(around, wide) / share[1]
            found[a, b] = around + _WIDE_SHARE * wider + _WHOLE_SHARE * around.mean()
            found[b, a] = found[a, b]
    return found


def likeness(found: Curves, lead: int) -> Curves:
    """Tell how much channels correlate with one of them.

    Parameters
    ----------
    found : float64 array (channels, channels, steps)
        The covariances of all channels.
    lead
        The channel that all are compared with.

    Returns
    -------
    float64 array (channels, steps)
        -1 to 1, and not less where a player moves; 0 for silent channels.
    """
    calm = window(CALM_REACH)
    power = np.diagonal(found).T
    both = np.sqrt(power * power[lead])
    alike = [
        _same(common, calm) / np.maximum(_same(level, calm), 1e-300)
        for common, level in zip(found[lead], both, strict=True)
    ]
    return np.clip(alike, -1.0, 1.0)


def _same(curve: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve, as long as the curve however short that is."""
    reach = len(weights) // 2
    return np.convolve(curve, weights)[reach : reach + len(curve)]


def lines(knots: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Draw straight lines between values that stand in the middle of steps.

    Parameters
    ----------
    knots : float32 array (..., steps + 2)
        The values, with one step more on either side.
    step
        The samples of a step.

    Returns
    -------
    float32 array (..., steps * step)
    """
    half = step // 2
    rising = (np.arange(step, dtype=np.float32) + np.float32(0.5)) / np.float32(step)
    made = np.empty((*knots.shape[:-1], knots.shape[-1] - 2, step), np.float32)
    rises = np.diff(knots)[..., None]
    middle = knots[..., 1:-1, None]
    made[..., half:] = middle + rises[..., 1:, :] * (rising[half:] - np.float32(0.5))
    made[..., :half] = middle + rises[..., :-1, :] * (rising[:half] - np.float32(0.5))
    return made.reshape(*knots.shape[:-1], -1)
