"""How alike two readings of one file are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from tests.umtn_core.audio.kinds.judging import is_silent, likeness

#: Short enough that a part which was lost or put in shows.
STRETCH = 1024
_ALIKE = 0.9

Audio = NDArray[np.floating]


@dataclass(frozen=True)
class Comparison:
    """Shares of what is heard, from 0 to 1."""

    #: Of what was played: what the other has nowhere.
    noise: float
    #: The number of stretches that this is.
    noisy: int
    #: Of what the other played: what is missing.
    lost: float
    #: How much louder it was played.
    level: float

    def agrees(self, but_for: float) -> bool:
        """Whether what was played is what the other reads, but for such a share of it."""
        few = self.noisy <= 5 * but_for
        return (few or self.noise <= but_for) and 0.5 < self.level < 2


def _lag(one: Audio, other: Audio) -> int:
    """By how many samples the first is behind the second."""
    products = fftconvolve(one, other[::-1])
    return int(np.argmax(np.abs(products))) - len(other) + 1


def _missing(one: Audio, other: Audio, lag: int) -> tuple[int, float]:
    """The number and the share of the first's stretches that are nowhere in the second."""
    heard = missing = 0
    for begin in range(0, len(one) - STRETCH + 1, STRETCH):
        stretch = one[begin : begin + STRETCH]
        if is_silent(stretch):
            continue
        heard += 1
        place = other[max(0, begin - lag) : max(0, begin - lag + STRETCH)]
        if likeness(stretch, place) < _ALIKE and likeness(stretch, other) < _ALIKE:
            missing += 1
    return missing, missing / heard if heard else 0.0


def compare(played: Audio, other: Audio) -> Comparison:
    """Compare two readings (channels, samples) of as many channels and the same rate.

    Where one goes on longer than the other, as readers do who believe more or less of a header,
    they are compared in what they have in common, if that is a fifth of it at least.
    """
    noisy, noise, lost = 0, 0.0, 0.0
    common = max(min(played.shape[1], other.shape[1]), played.shape[1] // 5)
    for one, two in zip(played.astype(np.float64), other.astype(np.float64), strict=True):
        lag = _lag(one, two)
        begin = max(0, lag)
        count, share = _missing(one[begin : begin + common], two, lag - begin)
        noisy, noise = max(noisy, count), max(noise, share)
        lost = max(lost, _missing(two, one, -lag)[1])
    heard = played[:, max(0, lag) :][:, :common]
    return Comparison(noise, noisy, lost, (_loud(heard) + 1e-6) / (_loud(other) + 1e-6))


def _loud(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
