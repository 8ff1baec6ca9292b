"""A recording raised or lowered by semitones as it streams by, as long and as fast as it was.

The pitch shifter, Rubber Band, hears a recording to its end before it gives any of it back, which
makes it exact and needs memory for all. So it is given stretches that overlap, always cut at the
same places, and its results are joined where two neighbours differ least: in a rest, or where the
same note swings in step in both. To be in step the later one may lie a few milliseconds beside its
place; no offset adds up to another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pedalboard import time_stretch

Audio = NDArray[np.float32]

#: Hertz at which sound is stretched, whatever its own rate: what `_true_factor` knows holds there.
_RATE = 44_100

#: Seconds from the beginning of one stretch to that of the next, at least and at most.
_SHORTEST_STEP, _LONGEST_STEP = 2.5, 20.0
#: Seconds that a stretch may become too short or too long by within a step.
_DRIFT = 6e-3
#: Seconds at its beginning in which a stretch may take over from the one before.
_SHARED = 1.0
#: Seconds that are rendered beyond either end, where the pitch shifter hears only one side.
_GUARD = 0.5
#: Seconds that one fades into the other.
_FADE = 0.04
#: Seconds between places that are tried for a fade.
_TRIED_EVERY = 0.01
#: Seconds that a stretch may lie beside its place at most: half a period of 60 Hz.
_FARTHEST = 0.008
#: What a stretch that lies farthest beside its place must gain, as a part of the music's energy.
_OFFSET_COST = 1e-3

#: What the pitch may be wrong by, as a factor: 2 cents.
_PITCH_SLACK = 2 ** (2 / 1200) - 1
#: How far from a factor others are tried, and how many of them.
_TRIED_FACTORS = np.linspace(0.995, 1.005, 401)


@dataclass(frozen=True)
class _Stretching:
    """How sound is made longer, to be played faster for as much.

    Parameters
    ----------
    asked
        The factor of length that Rubber Band is asked for.
    pitch
        The factor that the sound is then played faster by.
    pace
        The length of the result for each second of the source, all but 1.
    """

    asked: float
    pitch: float
    pace: float

    @classmethod
    def by(cls, semitones: int) -> _Stretching:
        """Choose what comes closest.

        Rubber Band moves on by whole samples, so that it makes of a factor the ratio of two whole
        numbers. What that is off by becomes an error of pitch as far as nobody hears one; what is
        left drifts in time.
        """
        exact = 2 ** (semitones / 12)
        true, asked = min(
            ((_true_factor(factor), float(factor)) for factor in exact * _TRIED_FACTORS),
            key=lambda each: abs(each[0] / exact - 1),
        )
        off = min(max(true / exact, 1 / (1 + _PITCH_SLACK)), 1 + _PITCH_SLACK)
        return cls(asked, exact * off, true / (exact * off))

    @property
    def step(self) -> float:
        """The seconds after which to begin anew, in time."""
        drift = abs(self.pace - 1)
        return min(_LONGEST_STEP, max(_SHORTEST_STEP, _DRIFT / max(drift, 1e-9)))


def _true_factor(factor: float) -> float:
    """Return the factor of length that Rubber Band 3 makes of one it is asked for, at `_RATE`."""
    hop = 256.0
    if factor > 1.5:
        hop = 2 ** (8 + 2 * math.log10(factor - 0.5))
    elif factor < 1:
        hop = 2 ** (8 + 2 * math.log10(factor))
    heard = min(1024, math.floor(min(512.0, max(128.0, hop)) / factor))
    return round(heard * factor) / heard


class Transposition:
    """Transposes one signal that comes in blocks of any size.

    It gives the same samples however the signal is divided.

    Parameters
    ----------
    semitones
        What the signal is raised by; negative numbers lower it, and 0 gives it back as it is.
    sample_rate
        The signal's rate in hertz.
    """

    def __init__(self, semitones: int, sample_rate: int):
        self._stretching = _Stretching.by(semitones)
        self._changes = semitones != 0
        self._rate = sample_rate
        self._step, self._shared, self._guard, self._fade, self._farthest = (
            max(1, round(seconds * sample_rate))
            for seconds in (self._stretching.step, _SHARED, _GUARD, _FADE, _FARTHEST)
        )
        #: What came in from the guard before the stretch that is to be rendered next.
        self._blocks: list[Audio] = [np.zeros(self._guard, np.float32)]
        self._length = self._guard
        #: The end of the last stretch, which the next one takes over from, with its margins.
        self._before: Audio | None = None

    def __call__(self, block: Audio) -> Audio:
        """Take a block, and return what is complete.

        Parameters
        ----------
        block : float32 array (samples,)

        Returns
        -------
        float32 array (samples,)
            What follows on what was returned before; it may be none.
        """
        if not self._changes:
            return block
        self._blocks.append(block.copy())
        self._length += len(block)
        needed = self._step + self._shared + 2 * self._guard
        if self._length <= needed:
            return np.zeros(0, np.float32)
        heard = np.concatenate(self._blocks)
        done: list[Audio] = []
        while len(heard) > needed:
            done.append(self._next(heard[:needed], self._step))
            heard = heard[self._step :]
        self._blocks, self._length = [heard.copy()], len(heard)
        return np.concatenate(done)

    def rest(self) -> Audio:
        """Return what is left: all together as many samples as came in."""
        length = self._length - self._guard
        if not self._changes or length == 0:
            return np.zeros(0, np.float32)
        padding = np.zeros(self._shared + self._guard, np.float32)
        return self._next(np.concatenate([*self._blocks, padding]), length)

    def _next(self, heard: Audio, length: int) -> Audio:
        """Render a stretch that begins after a guard, and return so many samples of it."""
        rendered, begin = self._rendered(heard)
        if self._before is not None:
            place, offset, likeness = self._takeover(self._before, rendered, begin)
            begin += offset
            rendered = self._faded(rendered, begin, place, likeness)
        margin = self._farthest
        end = begin + length
        self._before = rendered[end - margin : end + self._shared + margin].copy()
        return rendered[begin:end]

    def _rendered(self, heard: Audio) -> tuple[Audio, int]:
        """Transpose a stretch; also tell where in the result what follows the guard begins."""
        stretching = self._stretching
        audio = soxr.resample(heard, self._rate, _RATE, quality="VHQ")
        audio = time_stretch(audio, _RATE, 1 / stretching.asked, preserve_formants=False).ravel()
        audio = soxr.resample(audio, _RATE * stretching.pitch, self._rate, quality="VHQ")
        # In time in the middle of the stretch, a little early or late at either end.
        middle = self._guard + self._step // 2
        begin = round(middle * stretching.pace) - self._step // 2
        return np.pad(audio, (0, max(0, len(heard) - len(audio)))), begin

    def _takeover(self, before: Audio, rendered: Audio, begin: int) -> tuple[int, int, float]:
        """Find where a stretch differs least from the one before.

        Returns
        -------
        place : int
            The sample after the stretch's beginning where the fade begins.
        offset : int
            The samples that the stretch lies before its place.
        likeness : float
            The correlation of both there, 0 to 1.
        """
        fade, farthest = self._fade, self._farthest
        every = max(1, round(_TRIED_EVERY * self._rate))
        old = before[farthest : farthest + self._shared].astype(float)
        new = rendered[begin - farthest : begin + self._shared + farthest].astype(float)
        parts = sliding_window_view(old, fade)[::every]
        others = sliding_window_view(new, fade + 2 * farthest)[::every]
        size = 1 << (fade + 2 * farthest - 1).bit_length()
        products = np.fft.irfft(
            np.fft.rfft(others, size) * np.conj(np.fft.rfft(parts, size)), size
        )[:, : 2 * farthest + 1]
        energy = (parts**2).sum(axis=1)[:, None]
        sums = np.concatenate([[0.0], np.cumsum(new**2)])
        other = sliding_window_view(sums[fade:] - sums[:-fade], 2 * farthest + 1)[::every]
        offsets = np.arange(-farthest, farthest + 1)
        cost = _OFFSET_COST * (energy + other) * (offsets / farthest) ** 2
        # The least offset comes first, for it to be taken where there is nothing to choose between.
        order = np.argsort(np.abs(offsets), kind="stable")
        difference = (energy + other - 2 * products + cost)[:, order]
        best, at = np.unravel_index(np.argmin(difference), difference.shape)
        power = np.sqrt(energy[best, 0] * other[best, order[at]])
        product = products[best, order[at]]
        likeness = float(np.clip(product / power, 0, 1)) if power > 0 else 1.0
        return int(best) * every, int(offsets[order[at]]), likeness

    def _faded(self, rendered: Audio, begin: int, place: int, likeness: float) -> Audio:
        """Put the one before over a stretch's beginning, and fade from it into the stretch."""
        assert self._before is not None
        old = self._before[self._farthest :]
        rises = np.sin(np.linspace(0, np.pi / 2, self._fade)) ** 2
        falls = 1 - rises
        # As loud in the midst of the fade as at its ends, be both alike or not.
        level = np.sqrt(rises**2 + falls**2 + 2 * likeness * rises * falls)
        end = place + self._fade
        mixed = (old[place:end] * falls + rendered[begin + place : begin + end] * rises) / level
        joined = rendered.copy()
        joined[begin : begin + place] = old[:place]
        joined[begin + place : begin + end] = mixed
        return joined
