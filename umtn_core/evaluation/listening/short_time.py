"""The spectrum from moment to moment, which several measures begin with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def magnitudes(samples: ArrayLike, window: int, hop: int) -> NDArray[np.float64]:
    """Magnitudes of the spectrum around every ``hop``-th sample, through a Hann window.

    Parameters
    ----------
    samples
        The audio: float array (samples,).
    window, hop
        The length of the window and the step to the next one, in samples.

    Returns
    -------
    float64 array (frames, window // 2 + 1); at least one frame.
    """
    audio = np.asarray(samples, np.float64)
    count = max(1, -(-len(audio) // hop))
    padded = np.pad(audio, (window // 2, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:count]
    return np.abs(np.fft.rfft(frames * np.hanning(window), axis=1))
