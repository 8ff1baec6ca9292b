"""Mel spectra in decibels, and the mean spectral envelope of a recording."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.evaluation.listening.short_time import magnitudes

BANDS = 40
_WINDOW_SECONDS = 0.064
_HOP_SECONDS = 0.016
_LOWEST_HERTZ = 60.0
#: What lies this far below a frame's strongest band is taken as that far below: the noise
#: floors of mu-law codes and of 16-bit files must not tell one recording from another.
_DEPTH_DB = 50.0
#: Frames this far below the loudest are rests and tails, and say little of an instrument.
_RANGE_DB = 25.0


def mel_spectrum(samples: ArrayLike, sample_rate: int = 16_000) -> NDArray[np.float64]:
    """Spectrum of the sounding frames on the mel scale, without their level.

    Parameters
    ----------
    samples
        The audio: float array (samples,).
    sample_rate
        The samples a second of the audio.

    Returns
    -------
    float64 array (frames, BANDS) in decibels; the mean of each frame is 0. There is no
    frame for silence.
    """
    window, hop = round(_WINDOW_SECONDS * sample_rate), round(_HOP_SECONDS * sample_rate)
    power = magnitudes(samples, window, hop) ** 2
    bands = power @ _filters(sample_rate, window).T
    level = bands.sum(axis=1)
    loud = level > max(level.max() * 10 ** (-_RANGE_DB / 10), 1e-9)
    bands = bands[loud]
    if not len(bands):
        return np.zeros((0, BANDS))
    decibels = 10.0 * np.log10(bands + 1e-30)
    decibels = np.maximum(decibels, decibels.max(axis=1, keepdims=True) - _DEPTH_DB)
    return decibels - decibels.mean(axis=1, keepdims=True)


def envelope(samples: ArrayLike, sample_rate: int = 16_000) -> NDArray[np.float64]:
    """Mean spectral envelope of a recording: float64 (BANDS,), decibels about their mean.

    Silence has a flat one.
    """
    spectrum = mel_spectrum(samples, sample_rate)
    return spectrum.mean(axis=0) if len(spectrum) else np.zeros(BANDS)


def envelope_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Root mean square difference of two envelopes, in decibels."""
    return float(np.sqrt(np.mean((first - second) ** 2)))


@cache
def _filters(sample_rate: int, window: int) -> NDArray[np.float64]:
    """Triangles evenly spaced on the mel scale, each of unit area: (BANDS, bins)."""
    bins = np.fft.rfftfreq(window, 1.0 / sample_rate)
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (_LOWEST_HERTZ, sample_rate / 2.0))
    corners = 700.0 * (10.0 ** (np.linspace(low, high, BANDS + 2) / 2595.0) - 1.0)
    left, middle, right = (corners[i : i + BANDS, None] for i in range(3))
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return triangles / np.maximum(triangles.sum(axis=1, keepdims=True), 1e-12)
