"""Change of sample rate with a length that is known beforehand, and no delay."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray


def resampled_length(samples: int, from_rate: int, to_rate: int) -> int:
    """Count the samples at the new rate that cover as many at the old: rounded up."""
    return -(-samples * to_rate // from_rate)


def resample(
    audio: NDArray[np.float32], from_rate: int, to_rate: int, length: int | None = None
) -> NDArray[np.float32]:
    """Resample, the first sample staying where it is in time.

    Parameters
    ----------
    audio : float32 array (samples,)
        What is resampled; at least one sample.
    from_rate, to_rate
        The rates in hertz.
    length
        Samples to return; `resampled_length` if not given. What lies beyond the end of
        the input is silence.

    Returns
    -------
    float32 array (length,)
    """
    if length is None:
        length = resampled_length(len(audio), from_rate, to_rate)
    if from_rate != to_rate:
        audio = soxr.resample(audio, from_rate, to_rate, quality="VHQ")
    if len(audio) >= length:
        return np.ascontiguousarray(audio[:length], np.float32)
    return np.pad(audio, (0, length - len(audio))).astype(np.float32, copy=False)
