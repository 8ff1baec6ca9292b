"""Audio that a caller brings as an array: what is taken, and how it lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.audio.sound import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, SoundArray
from umtn_core.errors import UmtnError
from umtn_core.values import number, shown


def sound_of(audio: ArrayLike, sample_rate: float) -> SoundArray:
    """Check audio that a caller brought.

    Parameters
    ----------
    audio : array of floating-point numbers, (channels, samples), (samples, channels) or (samples,)
        Anything that NumPy makes an array of, but no masked array that hides a sample. Of two
        dimensions the longer one is time, as pedalboard has it; of two that are equal, the second.
    sample_rate
        The audio's rate in hertz.

    Raises
    ------
    UmtnError
        If it is not audio, or has no samples.
    """
    rate = _checked_rate(sample_rate)
    array = _as_array(audio)
    if not np.issubdtype(array.dtype, np.floating):
        raise UmtnError(f"Audio must be floating-point numbers from -1 to 1, {_instead(array)}.")
    if array.ndim not in (1, 2):
        raise UmtnError(
            f"Audio must have the form (channels, samples), (samples, channels) or (samples,), "
            f"not {array.ndim} dimensions."
        )
    if array.size == 0:
        raise UmtnError("There is no audio to translate: it has no channels or no samples.")
    channels = channels_first(array)
    if len(channels) > MOST_CHANNELS:
        raise UmtnError(
            f"Audio may have up to {MOST_CHANNELS} channels; this has the form {array.shape}, "
            f"which is {len(channels)} of them."
        )
    with np.errstate(over="ignore"):  # whoever reads it sees that it is beyond all measure
        return SoundArray(np.ascontiguousarray(channels, np.float32), rate)


def channels_first(array: NDArray[Any]) -> NDArray[Any]:
    """View an array of whatever form `sound_of` takes as (channels, samples)."""
    array = np.atleast_2d(array)
    return array.T if array.shape[0] > array.shape[1] else array


def _as_array(audio: ArrayLike) -> NDArray[Any]:
    # Of a list of masked arrays, NumPy makes an array that knows nothing of their masks.
    parts = (audio, *(audio if isinstance(audio, (list, tuple)) else ()))
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise UmtnError(
            "Audio must not be masked, since nobody can tell what is to be heard there; fill what "
            "is hidden, such as with silence: audio.filled(0)."
        )
    try:
        return np.asarray(audio)
    # Lists that are no rectangle; tensors on a GPU, or such as gradients are taken of.
    except (TypeError, ValueError, RuntimeError) as error:
        raise UmtnError(
            f"Audio must be an array of floating-point numbers, and NumPy can make none of this "
            f"{type(audio).__name__}: {str(error).splitlines()[0].rstrip('.')}."
        ) from error


def _instead(array: NDArray[Any]) -> str:
    """Say what an array holds in place of floating-point numbers, and what makes some of it."""
    kind = array.dtype.kind
    if kind == "i":
        return f"not {array.dtype}: divide it by {-int(np.iinfo(array.dtype).min)}"
    if kind in "US":
        return "not text: read_audio reads a file"
    return f"not {array.dtype}"


def _checked_rate(rate: Any) -> int:
    hertz = number(rate)
    if hertz is None or not LOWEST_RATE <= hertz <= HIGHEST_RATE or hertz % 1:
        raise UmtnError(
            f"The sample rate must be a whole number of hertz from {LOWEST_RATE} to "
            f"{HIGHEST_RATE}, not {shown(rate)}."
        )
    return int(hertz)
