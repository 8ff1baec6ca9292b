"""Whether a few milliseconds of sound have a pitch, for one moment at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: What is looked at, in seconds: two periods of the lowest notes.
_SECONDS = 0.032
#: Periods that are looked for, in seconds. Of higher notes, several periods are one.
_SHORTEST, _LONGEST = 0.0006, 0.016
#: Sound that is so much like itself a period later has a pitch. Noise comes to 0.4, what a decoder
#: makes of a note that it misses to 0.8, its tones to 0.9 and more.
_ALIKE = 0.8
#: Less than this power is silence, and has none.
_SILENCE = 1e-12


def period_window(rate: int) -> int:
    """Count the samples that are looked at, at so many a second."""
    return round(_SECONDS * rate)


def has_period(windows: NDArray[np.float32], rate: int) -> NDArray[np.bool_]:
    """Say of each stretch of sound whether it repeats itself.

    Parameters
    ----------
    windows : float32 array (stretches, samples)
        The stretches, of as many samples each as `period_window` says.
    rate
        Samples a second.

    Returns
    -------
    bool array (stretches,)
    """
    samples = windows.shape[1]
    sound = windows.astype(np.float64)
    spectra = np.fft.rfft(sound, 2 * samples)
    alike = np.fft.irfft(spectra.real**2 + spectra.imag**2, 2 * samples)
    lags = np.arange(round(_SHORTEST * rate), round(_LONGEST * rate) + 1)
    # Compared with the power of the two parts that lie over each other.
    powers = np.concatenate([np.zeros((len(sound), 1)), np.cumsum(sound**2, axis=1)], axis=1)
    first, later = powers[:, samples - lags], powers[:, -1:] - powers[:, lags]
    both = np.sqrt(np.maximum(first * later, _SILENCE))
    found: NDArray[np.bool_] = (alike[:, lags] / both).max(axis=1, initial=0.0) > _ALIKE
    return found
