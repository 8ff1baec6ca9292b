"""Pitch classes over time: what of the harmony survives, whatever the instrument and octave.

It is not librosa's ``chroma_stft``, which it is compared with in the tests, because that would
bring Numba and LLVM (over 200 MB) to whoever evaluates, for one matrix, and its bells are wider
than those that all figures until now were got with.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.evaluation.listening.short_time import magnitudes

HOP_SECONDS = 0.050
#: Long enough to tell semitones apart from about G3 (196 Hz) on.
_WINDOW_SECONDS = 0.256
_LOWEST_HERTZ, _HIGHEST_HERTZ = 110.0, 4000.0
#: What lies this far below the loudest frame is a rest.
_RANGE_DB = 40.0


def chroma(samples: ArrayLike, sample_rate: int = 16_000) -> NDArray[np.float64]:
    """Strength of each pitch class in each frame.

    Magnitudes of the spectrum between A2 and 4 kHz, each bin given to the pitch class whose
    equal-tempered pitch (A4 = 440 Hz) is nearest, by a bell of a third of a semitone.

    Parameters
    ----------
    samples
        The audio: float array (samples,).
    sample_rate
        The samples a second of the audio.

    Returns
    -------
    float64 array (frames, 12), of unit length each; zeros in rests. Column 0 is C.
    """
    window, hop = round(_WINDOW_SECONDS * sample_rate), round(HOP_SECONDS * sample_rate)
    strength = magnitudes(samples, window, hop) @ _classes(sample_rate, window)
    level = np.linalg.norm(strength, axis=1)
    sounding = level > max(level.max() * 10 ** (-_RANGE_DB / 20), 1e-6)
    result = np.zeros((len(level), 12))
    result[sounding] = strength[sounding] / level[sounding, None]
    return result


def chroma_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Pearson's correlation of two chromagrams, over all classes and frames; 0 if one is silent.

    The mean over the twelve classes is taken out of every frame, so that it is about which classes
    sound and not about whether anything does.
    """
    length = max(len(first), len(second))
    a, b = (np.pad(each, ((0, length - len(each)), (0, 0))) for each in (first, second))
    a, b = (each - each.mean(axis=1, keepdims=True) for each in (a, b))
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale > 0 else 0.0


@cache
def _classes(sample_rate: int, window: int) -> NDArray[np.float64]:
    """Share of every bin in every pitch class: (bins, 12)."""
    hertz = np.fft.rfftfreq(window, 1.0 / sample_rate)
    inside = (hertz >= _LOWEST_HERTZ) & (hertz <= _HIGHEST_HERTZ)
    midi = np.full(len(hertz), np.nan)
    midi[inside] = 69.0 + 12.0 * np.log2(hertz[inside] / 440.0)
    away = (midi[:, None] - np.arange(12) + 6.0) % 12.0 - 6.0
    return np.nan_to_num(np.exp(-0.5 * (away / (1 / 3)) ** 2))
