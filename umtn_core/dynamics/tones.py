"""Whether audio has pitches or is noise, heard while it streams by."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from umtn_core.dynamics.levels import step_edges, steps_over
from umtn_core.stage import Passing

#: Steps from one spectrum to the next.
_STEPS = 5
#: A spectrum is of about so many seconds: two periods of the lowest notes lie far enough apart.
_SECONDS = 0.128
#: Where harmonics are looked for, in hertz.
_LOWEST, _HIGHEST = 100.0, 5_000.0
#: So many neighbouring bins of a spectrum have one background, their median.
_BINS = 32
#: So many dB above it no bin of noise comes: white noise stays below 16, a note is above 25.
_TALLEST_NOISE_DB = 18.0
#: Spectra that are taken at once. The same ones always go together, for the same bits.
_AT_ONCE = 64


class ToneMeter:
    """Hears where a mono signal has pitches, however it is divided into blocks.

    A pitch stands out of its part of the spectrum; noise of any colour does not.

    Parameters
    ----------
    sample_rate
        Samples a second of the audio.
    """

    def __init__(self, sample_rate: int):
        self._rate = sample_rate
        self._window = 1 << round(math.log2(_SECONDS * sample_rate))
        self._weights = np.hanning(self._window).astype(np.float32)
        # As if silence came before, so that the first window's middle is the first sample.
        self._audio = Passing()
        self._audio.add(np.zeros(self._window // 2, np.float32))
        self._heights: list[NDArray[np.float32]] = []

    def add(self, audio: NDArray[np.float32]) -> None:
        """Take in what comes next: float32 (samples,)."""
        self._audio.add(audio)
        while True:
            starts = self._starts()
            if starts[-1] + self._window > self._audio.end:
                return
            self._heights.append(self._heard(starts))
            self._audio.forget(int(starts[-1]))

    def tonal(self) -> NDArray[np.bool_]:
        """Say of each step so far whether there is a pitch around it: bool (steps,).

        More may be added afterwards.
        """
        samples = self._audio.end - self._window // 2
        steps = steps_over(samples, self._rate)
        starts = self._starts()
        starts = starts[starts < samples]
        last = [self._heard(starts)] if len(starts) else []
        found = np.concatenate([np.zeros(0, np.float32), *self._heights, *last])
        # A spectrum in the middle of so many steps is that of all of them.
        nearest = np.minimum((np.arange(steps) + _STEPS // 2) // _STEPS, len(found) - 1)
        pitched: NDArray[np.bool_] = found[nearest] > _TALLEST_NOISE_DB
        return pitched

    def _starts(self) -> NDArray[np.int64]:
        """Where the windows begin that are taken next."""
        first = len(self._heights) * _AT_ONCE
        return step_edges(np.arange(first, first + _AT_ONCE) * _STEPS, self._rate)

    def _heard(self, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        """How far the tallest harmonic stands out in each window: dB, float32 (windows,)."""
        begin, end = int(starts[0]), int(starts[-1]) + self._window
        audio = self._audio.read(begin, min(end, self._audio.end))
        audio = np.pad(audio, (0, end - begin - len(audio)))
        windows = np.lib.stride_tricks.sliding_window_view(audio, self._window)[starts - begin]
        powers = np.square(np.abs(np.fft.rfft(windows * self._weights)))
        width = self._rate / self._window
        first = math.ceil(_LOWEST / width)
        groups = max(1, (min(math.ceil(_HIGHEST / width), powers.shape[1]) - first) // _BINS)
        powers = powers[:, first : first + groups * _BINS].reshape(len(starts), groups, -1)
        background = np.maximum(np.median(powers, axis=2), 1e-24)
        standing = (powers.max(axis=2) / background).max(axis=1)
        return (10 * np.log10(np.maximum(standing, 1))).astype(np.float32)
