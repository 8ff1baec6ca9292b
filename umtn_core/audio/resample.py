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


class Resampler:
    """Does as `resample` with mono audio that comes in blocks: a stage, the same to the last bit.

    Parameters
    ----------
    from_rate, to_rate
        The rates in hertz.
    length
        Samples to give, as `resample` has it.
    """

    def __init__(self, from_rate: int, to_rate: int, length: int):
        self._stream = (
            None
            if from_rate == to_rate
            else soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="VHQ")
        )
        self._left = length

    def __call__(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next block, and give what is complete."""
        if self._stream is not None:
            audio = self._stream.resample_chunk(np.ascontiguousarray(audio, np.float32))
        return self._taken(audio)

    def rest(self) -> NDArray[np.float32]:
        """Give what is left, with silence after it up to the length."""
        made = np.empty(0, np.float32)
        if self._stream is not None:
            made = self._taken(self._stream.resample_chunk(made, last=True))
        made = np.pad(made, (0, self._left))
        self._left = 0
        return made

    def _taken(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        audio = audio[: self._left]
        self._left -= len(audio)
        return audio
