"""Spectra of short frames, that pitch and voices are heard in."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

#: Samples a second of what is analysed.
RATE = 16_000
#: Samples of a frame, in which harmonics of 40 Hz lie apart; and samples from one to the next.
FRAME, HOP = 2048, 1600
HOP_SECONDS = HOP / RATE


def frames_of(audio: Values) -> Values:
    """Cut audio into frames, without copying.

    Parameters
    ----------
    audio : float32 array (samples,)
        What is shorter than two frames is followed by silence.

    Returns
    -------
    float32 array (frames, FRAME)
        At least two.
    """
    audio = np.pad(audio, (0, max(0, FRAME + HOP - len(audio))))
    return np.lib.stride_tricks.sliding_window_view(audio, FRAME)[::HOP]


def magnitudes(frames: Values) -> Values:
    """Take the spectra of frames: float32 array (frames, FRAME // 2 + 1)."""
    return np.abs(np.fft.rfft(frames * window(), axis=1))


@lru_cache(maxsize=1)
def window() -> Values:
    """Return Hann's window over a frame: float32 array (FRAME,)."""
    return np.hanning(FRAME + 1)[:-1].astype(np.float32)
