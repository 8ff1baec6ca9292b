"""Pitch of short frames: light, and for no more than knowing whether it lies in a range.

It is the earliest high peak of the autocorrelation, as McLeod and Wyvill take it (2005), of a
spectrum whose magnitudes stand in for its powers, as in Tolonen and Karjalainen (2000): where one
harmonic is strong the others count as well, so that octaves are told apart.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from umtn_core.scope.spectra import FRAME, RATE, Values, window

#: Hertz of the pitches that are looked for.
LOWEST_HERTZ, HIGHEST_HERTZ = 38.0, 4300.0

#: Values of the autocorrelation between samples: a period of four samples is still resolved.
_UPSAMPLING = 2
_FIRST = int(RATE / HIGHEST_HERTZ * _UPSAMPLING)
_LAST = int(RATE / LOWEST_HERTZ * _UPSAMPLING) + 2
#: Spectra count above this share of their highest value: soft noise is in every bin.
_FLOOR = np.float32(0.02)
#: A peak is one only after the autocorrelation has fallen so far: dull sound is wide at the top.
_FALLEN = 0.25
#: The first peak so high beside the highest is the pitch's; later ones are its multiples.
_HIGH_ENOUGH = 0.7


def periods(spectra: Values) -> tuple[Values, Values]:
    """Find the period of every frame.

    Parameters
    ----------
    spectra : float32 array (frames, bins)
        What `umtn_core.scope.spectra.magnitudes` gives.

    Returns
    -------
    hertz : float32 array (frames,)
        The pitch, the likeliest there is.
    strength : float32 array (frames,)
        How periodic the frame is, 0 to about 1.
    """
    above = np.maximum(spectra - _FLOOR * spectra.max(axis=1, keepdims=True), 0)
    curve = np.fft.irfft(above, FRAME * _UPSAMPLING, axis=1)[:, : _LAST + 1]
    curve = curve / np.maximum(curve[:, :1], np.float32(1e-30)) / _taper()
    fallen = np.minimum.accumulate(curve, axis=1)[:, _FIRST:_LAST] < _FALLEN
    before, here, after = (curve[:, _FIRST + k : _LAST + k] for k in (-1, 0, 1))
    rows, lags = np.nonzero((here >= before) & (here > after) & (here > 0) & fallen)
    # A parabola through each peak and its neighbours.
    left, top, right = before[rows, lags], here[rows, lags], after[rows, lags]
    shift = (left - right) / (2 * (left - 2 * top + right))
    height = top - (left - right) * shift / 4
    strength = np.zeros(len(curve), np.float32)
    np.maximum.at(strength, rows, height)
    high = height >= _HIGH_ENOUGH * strength[rows]
    # Rows come in order, and so do the lags of each: its first high peak is the pitch's.
    found, first = np.unique(rows[high], return_index=True)
    lag = np.full(len(curve), _LAST, np.float32)
    lag[found] = _FIRST + lags[high][first] + shift[high][first]
    return np.float32(RATE * _UPSAMPLING) / lag, strength


@lru_cache(maxsize=1)
def _taper() -> Values:
    """How the autocorrelation of a steady tone falls with the lag, because of the window."""
    curve = np.fft.irfft(np.abs(np.fft.rfft(window())), FRAME * _UPSAMPLING)[: _LAST + 1]
    return (curve / curve[0]).astype(np.float32)
