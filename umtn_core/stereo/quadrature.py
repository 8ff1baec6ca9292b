"""A second version of a sound, that at every frequency is a quarter of a turn from the first.

What is as loud, and at no moment correlated, is what makes a place in the room wide. Delays and
reverberation make it too, but differently on each note, and they are heard as such. A quarter of a
turn is exact at all frequencies at once: the sum of both is as loud as both powers together, on
every harmonic. Which way it turns changes from region to region of the spectrum, or one side would
lead the other everywhere, and be heard as the place of the sound.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]

#: Where the turn changes its direction, in hertz: a harmonic right there is missing, and the
#: regions are wide so that few are.
_EDGES = (600.0, 1300.0, 2300.0, 3700.0, 5600.0, 8500.0, 13_000.0)
#: Half the filter's length.
_REACH_SECONDS = 0.012
#: Shape of the filter's Kaiser window.
_BETA = 3.0
#: Samples that are filtered at once, the filter's length included.
_AT_ONCE = 8192


def reach(sample_rate: int) -> int:
    """Tell how many samples the filter looks at on either side."""
    return min(round(_REACH_SECONDS * sample_rate), _AT_ONCE // 4)


@lru_cache(maxsize=4)
def taps(sample_rate: int) -> Audio:
    """Give the filter: float32 (2 * reach + 1,), turned over in time its own negative."""
    half = reach(sample_rate)
    size = 1 << (8 * half - 1).bit_length()
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)
    turns = (-1.0) ** np.searchsorted(_EDGES, frequencies)
    kernel = np.roll(np.fft.irfft(-1j * turns, size), half)[: 2 * half + 1]
    kernel = (kernel - kernel[::-1]) / 2 * np.kaiser(2 * half + 1, _BETA)
    result = kernel.astype(np.float32)
    result.flags.writeable = False
    return result


@lru_cache(maxsize=4)
def _response(sample_rate: int) -> NDArray[np.complex64]:
    return np.fft.rfft(taps(sample_rate), _AT_ONCE).astype(np.complex64)


def turned(audio: Audio, sample_rate: int) -> Audio:
    """Turn a sound by a quarter.

    Parameters
    ----------
    audio : float32 array (samples,)
        More than ``2 * reach`` samples.
    sample_rate
        Its rate in hertz.

    Returns
    -------
    float32 array (samples - 2 * reach,)
        In time with the samples from ``reach`` on.
    """
    half = reach(sample_rate)
    wanted = len(audio) - 2 * half
    step = _AT_ONCE - 2 * half
    count = -(-wanted // step)
    padded = np.pad(audio, (0, count * step - wanted))
    rows = np.lib.stride_tricks.sliding_window_view(padded, _AT_ONCE)[::step]
    spectra = np.fft.rfft(rows).astype(np.complex64) * _response(sample_rate)
    made = np.fft.irfft(spectra, _AT_ONCE)[:, 2 * half :]
    return made.astype(np.float32).reshape(-1)[:wanted]
