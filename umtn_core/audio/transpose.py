"""A recording raised or lowered by semitones as it streams by, as long and as fast as it was.

The pitch shifter hears a recording to its end before it gives any of it back, which makes it exact
and needs memory for all. So it is given stretches that overlap, always cut at the same places, and
its results are joined where two neighbours differ least: in a rest, or where the same note swings
in step in both. To be in step the later one may lie a few milliseconds beside its place; no offset
adds up to another.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pedalboard import time_stretch

Audio = NDArray[np.float32]

#: Seconds from the beginning of one stretch to that of the next.
_STEP = 20.0
#: Seconds at its beginning in which a stretch may take over from the one before.
_SHARED = 1.5
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
        self._semitones = semitones
        self._rate = sample_rate
        self._step, self._shared, self._guard, self._fade, self._farthest = (
            max(1, round(seconds * sample_rate))
            for seconds in (_STEP, _SHARED, _GUARD, _FADE, _FARTHEST)
        )
        #: What came in from the guard before the stretch that is to be rendered next.
        self._heard = np.zeros(self._guard, np.float32)
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
        if self._semitones == 0:
            return block
        self._heard = np.concatenate([self._heard, block])
        needed = self._step + self._shared + 2 * self._guard
        done: list[Audio] = [np.zeros(0, np.float32)]
        while len(self._heard) > needed:
            done.append(self._next(self._heard[:needed], self._step))
            self._heard = self._heard[self._step :]
        return np.concatenate(done)

    def rest(self) -> Audio:
        """Return what is left: all together as many samples as came in."""
        length = len(self._heard) - self._guard
        if self._semitones == 0 or length == 0:
            return np.zeros(0, np.float32)
        padding = np.zeros(self._shared + self._guard, np.float32)
        return self._next(np.concatenate([self._heard, padding]), length)

    def _next(self, heard: Audio, length: int) -> Audio:
        """Render a stretch that begins after a guard, and return so many samples of it."""
        rendered = time_stretch(
            heard,
            self._rate,
            pitch_shift_in_semitones=self._semitones,
            preserve_formants=False,
        ).ravel()
        rendered = np.pad(rendered, (0, max(0, len(heard) - len(rendered))))
        begin = self._guard
        if self._before is not None:
            place, offset, likeness = self._takeover(self._before, rendered)
            begin += offset
            rendered = self._faded(rendered, begin, place, likeness)
        margin = self._farthest
        end = begin + length
        self._before = rendered[end - margin : end + self._shared + margin].copy()
        return rendered[begin:end]

    def _takeover(self, before: Audio, rendered: Audio) -> tuple[int, int, float]:
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
        old = before[farthest : farthest + self._shared]
        begin = self._guard - farthest
        new = rendered[begin : begin + self._shared + 2 * farthest]
        parts = sliding_window_view(old, fade)[::every]
        others = sliding_window_view(new, fade + 2 * farthest)[::every]
        size = 1 << (fade + 2 * farthest - 1).bit_length()
        products = np.fft.irfft(
            np.fft.rfft(others, size).astype(np.complex128) * np.conj(np.fft.rfft(parts, size)),
            size,
        )[:, : 2 * farthest + 1]
        energy = (parts.astype(float) ** 2).sum(axis=1)[:, None]
        sums = np.concatenate([[0.0], np.cumsum(new.astype(float) ** 2)])
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
