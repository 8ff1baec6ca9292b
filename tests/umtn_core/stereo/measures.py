"""Where a stereo recording is, measured here by plain words of numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.umtn_core.stereo.sounds import RATE

Audio = NDArray[np.float32]


def windowed(
    audio: Audio, seconds: float, measure: Callable[[Audio], float]
) -> NDArray[np.float64]:
    size = round(seconds * RATE)
    places = range(0, audio.shape[1] - size + 1, size)
    loud = max(np.square(audio[:, k : k + size]).mean() for k in places)
    return np.array(
        [
            measure(audio[:, k : k + size].astype(np.float64))
            if np.square(audio[:, k : k + size]).mean() > 1e-3 * loud
            else np.nan
            for k in places
        ]
    )


def correlation(audio: Audio) -> float:
    return float(np.corrcoef(audio)[0, 1])


def balance(audio: Audio) -> float:
    left, right = (np.maximum(np.square(each).mean(), 1e-14) for each in audio)
    return float(10 * np.log10(left / right))


def level(audio: Audio) -> float:
    return float(10 * np.log10(np.square(audio).mean()))


def mono_sum(audio: Audio) -> float:
    return float(10 * np.log10(np.square(audio.sum(axis=0)).sum() / np.square(audio).sum() + 1e-12))


def over_time(
    audios: tuple[Audio, Audio], seconds: float, measure: Callable[[Audio], float]
) -> float:
    """Mean distance of a measure over windows in which both recordings sound."""
    first, second = (windowed(audio, seconds, measure) for audio in audios)
    return float(np.nanmean(np.abs(first - second)))
