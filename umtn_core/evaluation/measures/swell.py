"""Whether a rendition grows louder and softer as far as its reference does, and when it does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Seconds of one level: longer than a period of the lowest notes, shorter than a swell.
FRAME_SECONDS = 0.050
#: The same, longer than the beginnings and ends of notes, which each instrument has of its own.
PHRASE_SECONDS = 0.250
#: Frames of the reference so far below its loudest have no sound that could be followed.
BELOW_LOUDEST_DB = 35.0
#: Fewer frames with sound give no figure.
FEWEST_FRAMES = 10
#: Where the reference's level varies less, there is nothing to follow.
LEAST_SPREAD_DB = 1.0

#: So far below the reference's loudest frame, the output is as good as silent.
_SILENT_DB = 60.0


def frame_levels(
    samples: NDArray[np.floating], sample_rate: int, seconds: float = FRAME_SECONDS
) -> NDArray[np.float64]:
    """Root mean square of frames that lie side by side, in dB of full scale.

    Parameters
    ----------
    samples : float array (samples,)
        The audio, full scale 1.
    sample_rate
        The samples a second of the audio.
    seconds
        The length of a frame; what is left at the end is passed by.

    Returns
    -------
    float64 array (frames,)
        -120 for silence.
    """
    size = max(1, round(seconds * sample_rate))
    count = len(samples) // size
    frames = np.asarray(samples[: count * size], np.float64).reshape(count, size)
    return 10 * np.log10((frames**2).mean(axis=1) + 1e-12)


def swell_slope(
    samples: NDArray[np.floating],
    reference: NDArray[np.floating],
    sample_rate: int,
    seconds: float = FRAME_SECONDS,
) -> float:
    """Slope of the regression of a rendition's level on its reference's, dB for dB.

    Parameters
    ----------
    samples, reference : float arrays (samples,)
        The two recordings, at one rate and in time with each other; the longer one is cut.
    sample_rate
        The samples a second of both.
    seconds
        The length of a frame: `PHRASE_SECONDS` where instruments that begin and end their notes
        in different ways are to be compared.

    Returns
    -------
    float
        1 where it swells as far, 0 where it keeps its level. Over the frames in which the
        reference has sound; NaN where those are few, or all of a level.
    """
    true, made = _levels_together(samples, reference, sample_rate, seconds)
    if not _varies(true):
        return float("nan")
    return float(((true - true.mean()) * (made - made.mean())).mean() / true.var())


def loudness_correlation(
    samples: NDArray[np.floating],
    reference: NDArray[np.floating],
    sample_rate: int,
    seconds: float = FRAME_SECONDS,
) -> float:
    """Pearson's correlation of a rendition's level in dB with its reference's.

    Parameters
    ----------
    samples, reference, sample_rate, seconds
        The two recordings, their rate and the frames' length, given as to `swell_slope`.

    Returns
    -------
    float
        1 where it grows louder and softer at the same times, however far; 0 where it keeps its
        level. Over the same frames as `swell_slope`, and NaN where that is.
    """
    true, made = _levels_together(samples, reference, sample_rate, seconds)
    if not _varies(true):
        return float("nan")
    if made.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(true, made)[0, 1])


def _levels_together(
    samples: NDArray[np.floating],
    reference: NDArray[np.floating],
    sample_rate: int,
    seconds: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels of the reference and of the rendition, in the frames where the reference sounds."""
    size = min(len(samples), len(reference))
    true = frame_levels(reference[:size], sample_rate, seconds)
    made = frame_levels(samples[:size], sample_rate, seconds)
    if not len(true) or true.max() <= -_SILENT_DB:
        return np.zeros(0), np.zeros(0)
    sounding = true > true.max() - BELOW_LOUDEST_DB
    return true[sounding], np.maximum(made[sounding], true.max() - _SILENT_DB)


def _varies(levels: NDArray[np.float64]) -> bool:
    return len(levels) >= FEWEST_FRAMES and bool(levels.std() >= LEAST_SPREAD_DB)
