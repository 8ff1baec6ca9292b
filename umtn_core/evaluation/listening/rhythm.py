"""Onsets and tempo: whether a translation keeps time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.errors import UmtnError

#: MIREX's bound for an onset found.
ONSET_SECONDS = 0.050
HOP_SECONDS = 0.010
_WINDOW_SECONDS = 0.032
_DEPTH_DB = 50.0
#: Onsets are peaks in so much around them, this far above the mean of that.
_AROUND_SECONDS, _MEAN_SECONDS = 0.030, 0.100
_RISE = 0.12
_TEMPI = (40.0, 240.0)
#: MIREX's bound for a tempo found.
TEMPO_SHARE = 0.04


@dataclass(frozen=True)
class Rhythm:
    """When things begin in a recording.

    Parameters
    ----------
    strength : float64 array (frames,)
        How much the spectrum rises, 100 times a second; 1 at its 99th percentile.
    onsets : float64 array (n,)
        The instants at which something begins, in seconds.
    """

    strength: NDArray[np.float64]
    onsets: NDArray[np.float64]

    @property
    def tempo(self) -> float:
        """Beats a minute at which the strengths repeat best, from 40 to 240; NaN if they do not.

        The autocorrelation of the onset strengths, weighed by a bell over an octave about 120
        (Ellis, 2007).
        """
        wave = self.strength - self.strength.mean() if len(self.strength) else self.strength
        lags = np.arange(round(60 / _TEMPI[1] / HOP_SECONDS), round(60 / _TEMPI[0] / HOP_SECONDS))
        lags = lags[lags < len(wave)]
        if not len(lags) or not wave.any():
            return float("nan")
        spectrum = np.abs(np.fft.rfft(wave, 2 * len(wave))) ** 2
        repeats = np.fft.irfft(spectrum)[lags]
        beats = 60.0 / (lags * HOP_SECONDS)
        return float(beats[np.argmax(repeats * np.exp(-0.5 * np.log2(beats / 120.0) ** 2))])


def rhythm(samples: ArrayLike, sample_rate: int = 16_000) -> Rhythm:
    """Find the onsets of a recording, by spectral flux.

    Parameters
    ----------
    samples
        The audio: float array (samples,).
    sample_rate
        The samples a second of the audio.
    """
    audio = np.asarray(samples, np.float64)
    window, hop = round(_WINDOW_SECONDS * sample_rate), round(HOP_SECONDS * sample_rate)
    count = max(1, -(-len(audio) // hop))
    padded = np.pad(audio, (window // 2 + 2 * hop, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][: count + 2]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1))
    loudest = spectra.max()
    if loudest < 1e-4:
        return Rhythm(np.zeros(count), np.zeros(0))
    decibels = 20 * np.log10(np.maximum(spectra, loudest * 10 ** (-_DEPTH_DB / 20)))
    rises = np.maximum(decibels[2:] - decibels[:-2], 0.0).mean(axis=1)
    strength = rises / max(float(np.quantile(rises, 0.99)), 1e-9)
    return Rhythm(strength, np.asarray(_peaks(strength) * HOP_SECONDS, np.float64))


def onset_counts(made: Rhythm, source: Rhythm) -> tuple[float, float]:
    """Onsets matched to 50 ms, twice, and onsets of both: their quotient is the F measure.

    Raises
    ------
    UmtnError
        If mir_eval is not installed.
    """
    matched = len(_matches(made, source, ONSET_SECONDS))
    return 2.0 * matched, float(len(made.onsets) + len(source.onsets))


def onset_deviations(made: Rhythm, source: Rhythm) -> tuple[float, float]:
    """Sum of how far matched onsets lie apart, in milliseconds, and their number.

    Matched to 100 ms, after taking out the median: a constant delay is no unevenness.
    """
    pairs = _matches(made, source, 2 * ONSET_SECONDS)
    if not pairs:
        return 0.0, 0.0
    late = np.array([made.onsets[b] - source.onsets[a] for a, b in pairs])
    return float(1000 * np.abs(late - np.median(late)).sum()), float(len(pairs))


def same_tempo(made: Rhythm, source: Rhythm) -> float:
    """1 if the tempo is the source's to 4 %, else 0; NaN if the source has none."""
    if not np.isfinite(source.tempo):
        return float("nan")
    return float(abs(made.tempo / source.tempo - 1.0) <= TEMPO_SHARE)


def _matches(made: Rhythm, source: Rhythm, seconds: float) -> list[tuple[int, int]]:
    try:
        from mir_eval.util import match_events
    except ImportError:
        raise UmtnError("Onsets need mir_eval: run `pip install 'umtn[evaluate]'`.") from None
    if not len(made.onsets) or not len(source.onsets):
        return []
    return [(int(a), int(b)) for a, b in match_events(source.onsets, made.onsets, seconds)]


def _peaks(strength: NDArray[np.float64]) -> NDArray[np.int64]:
    around, mean = (round(seconds / HOP_SECONDS) for seconds in (_AROUND_SECONDS, _MEAN_SECONDS))
    view = np.lib.stride_tricks.sliding_window_view
    highest = view(np.pad(strength, around), 2 * around + 1).max(axis=1)
    usual = view(np.pad(strength, mean, mode="edge"), 2 * mean + 1).mean(axis=1)
    found = np.flatnonzero((strength == highest) & (strength > usual + _RISE))
    return found[np.diff(found, prepend=-around) >= around]
