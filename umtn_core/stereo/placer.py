"""One signal on several channels, as loud and as much alike as those of a recording were.

The lead is the signal itself. Another channel is made of it and of a second version, and there is
just as much of each that the two channels correlate as they did in the recording. The second
version is the signal as late as the channel was, and where that is not late the signal turned by a
quarter; both together where there was much room around the player. What is left in it of the
signal itself is measured and taken out first, since delayed notes are like themselves, and more so
on another instrument or less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.stereo.likeness import Delay
from umtn_core.stereo.mixer import knots
from umtn_core.stereo.quadrature import reach, turned
from umtn_core.stereo.smoothing import CALM_REACH, QUICK_REACH, lines, window
from umtn_core.stereo.windows import Windows

Audio = NDArray[np.float32]
Curves = NDArray[np.float32]

#: Steps that are placed at once.
_AT_ONCE = 200
#: Where so many phases agree with a delay, all of the sound was late and nothing was room.
_NO_ROOM = 0.8
#: This much of a late channel is the signal turned and not late, for notes that a delay leaves as
#: they are.
_TURNED = 0.25
#: A second version is turned up no further.
_LOUDEST = 4.0
#: A channel's level is put right by no more than this factor.
_LARGEST_TRIM = 2.0
#: Silence, in power.
_SILENCE = 1e-14


def placer(
    gains: Curves,
    alike: Curves,
    delays: Sequence[Delay],
    lead: int,
    step: int,
    sample_rate: int,
) -> Windows:
    """Give a stage that places a signal.

    Parameters
    ----------
    gains, alike, delays, lead, step
        What they are for `umtn_core.stereo.placing.Placing`.
    sample_rate
        The signal's rate in hertz.

    Returns
    -------
    Windows
        float32 (n,) -> (channels, n').
    """
    place = _Placer(gains, _angles(alike, delays, lead), tuple(delays), step, sample_rate)
    return Windows(
        place, _AT_ONCE * step, before=place.margin, after=place.margin, made=(len(gains),)
    )


def _angles(alike: Curves, delays: Sequence[Delay], lead: int) -> Curves:
    """Tell how far each channel is turned from the signal, in radians: its cosine is ``alike``.

    Of two channels that are not late, each is turned by half, one this way, the other that way:
    their sum is then the signal itself.
    """
    angles = np.arccos(alike)
    if not any(each.samples for each in delays):
        angles[1::2] *= -1
        if len(angles) == 2:
            angles -= angles.sum(axis=0) / 2
    return angles


@dataclass(frozen=True, eq=False)
class _Placer:
    gains: Curves
    angles: Curves
    delays: tuple[Delay, ...]
    step: int
    sample_rate: int

    @property
    def margin(self) -> int:
        """Samples that are looked at on either side of a chunk: whole steps."""
        return self._latest + (CALM_REACH + 1) * self.step

    @property
    def _latest(self) -> int:
        """The farthest that a sample takes part in another, in whole steps."""
        farthest = reach(self.sample_rate) + max(abs(each.samples) for each in self.delays)
        return -(-farthest // self.step) * self.step

    def __call__(self, number: int, audio: Audio) -> Audio:
        """Place a chunk: the window's float32 (samples,) -> (channels, samples)."""
        first = number * _AT_ONCE
        size = _AT_ONCE * self.step
        signal = audio[self._latest : len(audio) - self._latest]
        middle = slice((CALM_REACH + 1) * self.step, (CALM_REACH + 1) * self.step + size)
        gains = knots(self.gains, first, _AT_ONCE)
        angles = knots(self.angles, first, _AT_ONCE)
        made = np.empty((len(gains), size), np.float32)
        turned_by = turned(audio, self.sample_rate) if angles.any() else audio
        for channel, delay in enumerate(self.delays):
            gain, angle = delay.sign * gains[channel], angles[channel]
            if not angle.any():
                made[channel] = signal[middle] * lines(gain, self.step)
                continue
            second = self._second(audio, turned_by, delay)
            of_signal, of_second = self._shares(signal, second, angle)
            made[channel] = signal[middle] * lines(gain * of_signal, self.step)
            made[channel] += second[middle] * lines(gain * of_second, self.step)
        return made

    def _second(self, audio: Audio, turned_by: Audio, delay: Delay) -> Audio:
        """Make the second version, as long as the signal that is looked at."""
        here, count = self._latest, len(audio) - 2 * self._latest
        turned_here = here - reach(self.sample_rate)
        if not delay.samples:
            return turned_by[turned_here : turned_here + count]
        late = here - delay.samples
        left = 1 - _TURNED**2
        direct = left * min(1.0, delay.agreement / _NO_ROOM)
        second = np.float32(np.sqrt(direct)) * audio[late : late + count]
        late -= reach(self.sample_rate)
        second += np.float32(np.sqrt(left - direct)) * turned_by[late : late + count]
        second += np.float32(_TURNED) * turned_by[turned_here : turned_here + count]
        return second

    def _shares(self, signal: Audio, second: Audio, angle: Curves) -> tuple[Curves, Curves]:
        """Tell how much of the signal and of the second version is taken, for each knot."""
        products = [self._products(*pair) for pair in ((signal,) * 2, (second,) * 2)]
        products.append(self._products(signal, second))
        own, other, common = _around(products, CALM_REACH)
        alike = np.clip(common / np.sqrt(own * other), -0.999, 0.999)
        turn = np.sin(angle) / np.sqrt(1 - alike**2)
        of_signal = np.cos(angle) - turn * alike
        of_second = turn * np.minimum(np.sqrt(own / other), _LOUDEST)
        # How alike channels are is calm; how loud they are is as quick as it was in the recording.
        own, other, common = _around(products, QUICK_REACH)
        made = of_signal**2 * own + of_second * (2 * of_signal * common + of_second * other)
        trim = np.sqrt(own / np.maximum(made, own / _LARGEST_TRIM**2))
        trim = np.maximum(trim, 1 / _LARGEST_TRIM)
        return of_signal * trim, of_second * trim

    def _products(self, a: Audio, b: Audio) -> Curves:
        """Take the mean product of two signals in each step."""
        steps = np.einsum("ij,ij->i", a.reshape(-1, self.step), b.reshape(-1, self.step))
        return steps / np.float32(self.step) + np.float32(_SILENCE if a is b else 0)


def _around(products: list[Curves], reach: int) -> list[Curves]:
    """Take means around each knot, of steps that reach farther: (_AT_ONCE + 2,) each."""
    weights = window(reach).astype(np.float32)
    cut = CALM_REACH - reach
    return [np.convolve(each[cut : len(each) - cut], weights, mode="valid") for each in products]
