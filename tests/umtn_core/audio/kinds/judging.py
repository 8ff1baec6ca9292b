"""Whether what was read of a file is what is in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from tests.umtn_core.audio.kinds.kind import Audio, Exactly, Nearly

#: A tenth of a second, in samples: shorter than any gap that one hears.
STRETCH = 4096
#: Quieter than this a stretch is like any other, -80 dB.
_SILENT = 1e-4


def likeness(stretch: Audio, within: Audio) -> float:
    """How much a stretch is like the part of some audio that is most like it, from -1 to 1."""
    if len(within) < len(stretch):
        return 0.0
    energy = np.sum(stretch**2)
    sums = np.concatenate([[0.0], np.cumsum(within**2)])
    energies = sums[len(stretch) :] - sums[: -len(stretch)]
    products = fftconvolve(within, stretch[::-1], mode="valid")
    heard = energies > max(_SILENT**2 * len(stretch), 1e-6 * sums[-1])
    if not heard.any() or energy == 0:
        return 0.0
    return float(np.max(products[heard] / np.sqrt(energy * energies[heard])))


def is_silent(stretch: Audio) -> bool:
    """Whether it is too quiet to be compared."""
    return bool(np.sqrt(np.mean(stretch**2)) < _SILENT)


def fault(played: NDArray[np.float32], rate: int, right: Exactly | Nearly) -> str:
    """Say what is wrong with what was played; empty if nothing is."""
    wanted = right.audio
    if rate != right.rate:
        return f"at {rate} Hz in place of {right.rate}"
    if len(played) != len(wanted):
        return f"{len(played)} channels in place of {len(wanted)}"
    more = played.shape[1] - wanted.shape[1]
    if isinstance(right, Exactly):
        if more:
            return f"{more} samples more than {wanted.shape[1]}"
        error = float(np.abs(played - wanted).max())
        return "" if error <= right.error else f"off by {error}"
    if not -right.shorter <= more <= right.longer:
        return f"{more} samples more than {wanted.shape[1]}"
    for channel, (heard, one) in enumerate(zip(played.astype(np.float64), wanted, strict=True)):
        for begin in range(0, min(wanted.shape[1], len(heard) - right.late) - STRETCH, STRETCH):
            stretch = one[begin : begin + STRETCH]
            place = heard[max(0, begin - 16) : begin + STRETCH + right.late + 16]
            alike = likeness(stretch, place)
            if not is_silent(stretch) and alike < right.alike:
                return f"like it by {alike:.3f} only from sample {begin} of channel {channel} on"
            level = np.sqrt(np.mean(place**2) / max(np.mean(stretch**2), 1e-20))
            if not is_silent(stretch) and not 0.5 < level < 2:
                return f"{level:.2f} times as loud from sample {begin} of channel {channel} on"
    return ""
