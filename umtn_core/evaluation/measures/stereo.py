"""Where a stereo recording is: how alike its sides are, what a mono sum loses, how it is panned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.measures.swell import frame_levels

#: Seconds of one place in the panorama.
FRAME_SECONDS = 0.200
#: Frames so far below the loudest have no place.
BELOW_LOUDEST_DB = 35.0
#: Farther to one side than this nobody hears a difference.
HARD_DB = 40.0
#: What has less power in both channels is silence.
_SILENCE = 1e-12


def stereo_correlation(audio: NDArray[np.floating]) -> float:
    """Pearson's correlation of left and right.

    Parameters
    ----------
    audio : float array (2, samples)
        The recording, full scale 1.

    Returns
    -------
    float
        1 for one signal in both, whatever its balance; -1 where one is turned over; NaN where
        either is silent.
    """
    left, right = (np.asarray(each, np.float64) - np.mean(each, dtype=np.float64) for each in audio)
    power = float(np.mean(left**2) * np.mean(right**2))
    if not power > _SILENCE**2:
        return float("nan")
    return float(np.mean(left * right) / np.sqrt(power))


def mono_sum_db(audio: NDArray[np.floating]) -> float:
    """Power of left and right together over the sum of their powers, in dB.

    Parameters
    ----------
    audio : float array (2, samples)
        The recording, full scale 1.

    Returns
    -------
    float
        3.0 for one signal in both, 0 for two that have nothing to do with each other, down to
        -`HARD_DB` for what cancels; NaN for silence.
    """
    left, right = (np.asarray(each, np.float64) for each in audio)
    apart = float(np.mean(left**2) + np.mean(right**2))
    if not apart > _SILENCE:
        return float("nan")
    return max(-HARD_DB, 10 * np.log10(float(np.mean((left + right) ** 2)) / apart + 1e-12))


def pan_distance(
    made: NDArray[np.floating], reference: NDArray[np.floating], sample_rate: int
) -> float:
    """How far a recording is from where its reference is, from time to time.

    Parameters
    ----------
    made, reference : float arrays (2, samples)
        The two recordings, at one rate and in time with each other; the longer one is cut.
    sample_rate
        The samples a second of both.

    Returns
    -------
    float
        Mean distance in dB of the balances (left over right) of frames in which both have sound,
        `HARD_DB` being as far to one side as there is; NaN where there are none.
    """
    size = min(made.shape[1], reference.shape[1])
    balances, sounding = [], []
    for audio in (made, reference):
        left, right = (frame_levels(side[:size], sample_rate, FRAME_SECONDS) for side in audio)
        louder = np.maximum(left, right)
        sounding.append(louder > max(louder.max(initial=-120.0) - BELOW_LOUDEST_DB, -100.0))
        balances.append(np.clip(left - right, -HARD_DB, HARD_DB))
    both = sounding[0] & sounding[1]
    return float(np.abs(balances[0] - balances[1])[both].mean()) if both.any() else float("nan")
