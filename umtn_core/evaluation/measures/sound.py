"""The quality of the sound itself: nearness to the truth, clipping, hiss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Window lengths in samples; each advances by a quarter.
_WINDOWS = (256, 512, 1024, 2048)
_DEPTH_DB = 60.0
_FULL_SCALE = 0.999
_SHORTEST_RUN = 3
_RANGE_DB = 25.0
_HISS_HERTZ = (200.0, 7000.0)
_HISS_WINDOW_SECONDS = 0.128
#: Below this a recording is silence, and has no noise floor to speak of.
_SILENCE = 1e-4


def stft_distance(made: ArrayLike, truth: ArrayLike) -> float:
    """Multi-resolution STFT distance (Yamamoto et al., 2020), after matching levels.

    For windows of 256 to 2048 samples: spectral convergence, the norm of the difference of
    magnitudes over that of the truth's, plus the mean absolute difference of log magnitudes (as
    natural logarithms, no deeper than 60 dB below the truth's peak); averaged.

    Parameters
    ----------
    made, truth
        The two recordings: float arrays (samples,). The first is cut or padded to the second's
        length.

    Returns
    -------
    float, 0 for the truth itself
    """
    reference = np.asarray(truth, np.float64)
    guess = np.zeros(len(reference))
    given = np.asarray(made, np.float64)[: len(reference)]
    guess[: len(given)] = given
    level, wanted = (float(np.sqrt(np.mean(x**2))) for x in (guess, reference))
    if level > 0:
        guess = guess * (wanted / level)
    return float(np.mean([_one_resolution(guess, reference, window) for window in _WINDOWS]))


def clipped_share(samples: ArrayLike) -> float:
    """Share of samples at full scale, or in a flat run of three or more at the peak."""
    audio = np.abs(np.asarray(samples, np.float64))
    peak = float(audio.max(initial=0.0))
    if peak < _SILENCE:
        return 0.0
    top = audio >= peak * (1 - 1e-6)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], top.astype(int), [0]])))
    runs = edges[1::2] - edges[::2]
    flat = int(runs[runs >= _SHORTEST_RUN].sum())
    full = int((audio >= _FULL_SCALE).sum())
    return max(flat, full) / len(audio)


def noise_floor(samples: ArrayLike, sample_rate: int = 16_000) -> float:
    """Noise between the partials of what sounds, in decibels below it; NaN for silence.

    Of each sounding frame of 128 ms, the power that there would be if every bin from 200 Hz to
    7 kHz were as quiet as the quietest tenth of them, over the frame's own power; the median over
    frames. Pauses are not needed for it, which short tunes hardly have.
    """
    audio = np.asarray(samples, np.float64)
    window = round(_HISS_WINDOW_SECONDS * sample_rate)
    if len(audio) < window or np.abs(audio).max() < _SILENCE:
        return float("nan")
    frames = np.lib.stride_tricks.sliding_window_view(audio, window)[:: window // 2]
    # A Blackman window's leakage lies 58 dB down: partials do not hide the noise between them.
    power = np.abs(np.fft.rfft(frames * np.blackman(window), axis=1)) ** 2
    hertz = np.fft.rfftfreq(window, 1.0 / sample_rate)
    inside = (hertz >= _HISS_HERTZ[0]) & (hertz <= _HISS_HERTZ[1])
    level = power.sum(axis=1)
    loud = level > level.max() * 10 ** (-_RANGE_DB / 10)
    quiet = np.quantile(power[loud][:, inside], 0.10, axis=1) * inside.sum()
    return float(np.median(10 * np.log10(np.maximum(quiet, 1e-20) / level[loud])))


def _one_resolution(
    guess: NDArray[np.float64], reference: NDArray[np.float64], window: int
) -> float:
    a, b = (_magnitudes(audio, window) for audio in (guess, reference))
    scale = float(np.linalg.norm(b))
    if scale == 0:
        return 0.0 if not a.any() else 1.0
    floor = b.max() * 10 ** (-_DEPTH_DB / 20)
    logs = np.abs(np.log(np.maximum(a, floor)) - np.log(np.maximum(b, floor)))
    return float(np.linalg.norm(a - b)) / scale + float(logs.mean())


def _magnitudes(audio: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    padded = np.pad(audio, window // 2)
    if len(padded) < window:
        padded = np.pad(padded, (0, window - len(padded)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // 4]
    return np.abs(np.fft.rfft(frames * np.hanning(window), axis=1))
