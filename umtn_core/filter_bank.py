"""Audio in bands, and bands as audio: a cosine-modulated filter bank, near-perfect and streamed.

All bands come from one low-pass filter, the prototype, shifted in frequency by cosines
(Vaidyanathan, "Multirate Systems and Filter Banks", 1993, chapter 8). They are scaled so that
analysis is the transpose of synthesis but for a millionth of the power: white noise stays white
and as strong, and what a band loses in coding is heard in its own part of the spectrum only.

Step n of the bands lies about samples ``n * bands`` to ``(n + 1) * bands - 1``, so that bands are
in time with their audio.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Length of the filters, in steps.
OVERLAP = 16
#: Shape of the prototype's Kaiser window.
_BETA = 8.0
#: Cut-off of the prototype by number of bands, in parts of one band's width: where what two
#: neighbouring bands let through adds up most evenly.
_CUTOFFS = {2: 0.56425, 4: 0.56325, 8: 0.56275}
#: Steps that are filtered at a time: few enough that their products stay in a cache, and that no
#: BLAS divides them between threads, which wait for each other longer than they work.
CHUNK = 1 << 8


@lru_cache(maxsize=8)
def filters(bands: int) -> NDArray[np.float32]:
    """Give the synthesis filters, which are the analysis filters reversed in time.

    Parameters
    ----------
    bands
        2, 4 or 8, or 1 for the audio itself.

    Returns
    -------
    float32 array (bands, OVERLAP * bands), read-only; (1, 1) for a single band
    """
    if bands == 1:
        made = np.ones((1, 1))
    else:
        time = np.arange(OVERLAP * bands) - (OVERLAP * bands - 1) / 2
        cutoff = _CUTOFFS[bands] / bands
        prototype = np.sinc(cutoff * time) * np.kaiser(len(time), _BETA)
        band = np.arange(bands)[:, None]
        phase = (-1.0) ** band * np.pi / 4
        made = prototype * np.cos((2 * band + 1) * np.pi / (2 * bands) * time - phase)
        made /= np.sqrt((made**2).sum(1).mean())
    result = made.astype(np.float32)
    result.flags.writeable = False
    return result


def analyse(audio: NDArray[np.float32], bands: int) -> NDArray[np.float32]:
    """Divide audio into bands.

    Parameters
    ----------
    audio : float32 array (samples,)
        What is divided; before and after it is silence.
    bands
        2, 4 or 8; 1 gives the audio itself.

    Returns
    -------
    float32 array (steps, bands)
        As many steps as cover the audio; lowest band first.
    """
    audio = np.asarray(audio, np.float32)
    if bands == 1:
        return audio[:, None]
    transposed = filters(bands).T
    steps = -(-len(audio) // bands)
    padded = np.pad(audio, (_lead(bands), OVERLAP * bands + steps * bands - len(audio)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, OVERLAP * bands)[::bands]
    made = np.empty((steps, bands), np.float32)
    for first in range(0, steps, CHUNK):
        chunk = windows[first : min(steps, first + CHUNK)]
        np.matmul(chunk, transposed, out=made[first : first + len(chunk)])
    return made


def synthesise(samples: NDArray[np.float32], bands: int) -> NDArray[np.float32]:
    """Make audio of its bands.

    Parameters
    ----------
    samples : float32 array (steps, bands)
        The bands' samples, as `analyse` gives them.
    bands
        2, 4 or 8; 1 gives the samples back.

    Returns
    -------
    float32 array (steps * bands,)
    """
    synthesis = Synthesis(bands)
    parts = [synthesis(samples[k : k + CHUNK]) for k in range(0, len(samples), CHUNK)]
    return np.concatenate([*parts, synthesis.rest()])


class Synthesis:
    """Makes audio of bands that come bit by bit.

    Each call gives the samples that are complete: they lag half a filter behind, and `rest`
    gives what is left. All of it together is what `synthesise` gives.

    Parameters
    ----------
    bands
        2, 4 or 8, or 1.
    """

    def __init__(self, bands: int):
        self.bands = bands
        # Blocks of `bands` samples that later steps still add to, and samples before the first.
        self._open = np.zeros((OVERLAP - 1, bands), np.float32)
        self._before = _lead(bands)
        self._left = 0

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (steps, bands) -> float32 (samples,), those that no later step adds to."""
        samples = np.asarray(samples, np.float32)
        self._left += len(samples) * self.bands
        if self.bands == 1:
            self._left = 0
            return samples[:, 0].copy()
        return self._taken(self._added(samples))

    def rest(self) -> NDArray[np.float32]:
        """Give the samples still open: float32 (samples,)."""
        if self.bands == 1:
            return np.empty(0, np.float32)
        return self._taken(self._open.reshape(-1))

    def _added(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Overlap and add; gives the finished blocks' samples."""
        steps = len(samples)
        rows = (samples @ filters(self.bands)).reshape(steps, OVERLAP, self.bands)
        blocks = np.zeros((steps + OVERLAP - 1, self.bands), np.float32)
        blocks[: OVERLAP - 1] = self._open
        for k in range(OVERLAP):
            blocks[k : k + steps] += rows[:, k]
        self._open = blocks[steps:].copy()
        return blocks[:steps].reshape(-1)

    def _taken(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Leave out what lies before the first sample, and behind the last."""
        begin = min(self._before, len(audio))
        self._before -= begin
        audio = audio[begin : begin + self._left]
        self._left -= len(audio)
        return audio


def _lead(bands: int) -> int:
    """Samples by which the filter of the first step begins before the first sample."""
    return (OVERLAP - 1) * bands // 2 if bands > 1 else 0
