"""The result gets the recording's loudness back, and rests where the recording does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.dynamics.levels import LevelMeter, step_edges
from umtn_core.dynamics.periods import has_period, period_window
from umtn_core.dynamics.ride import Ride, at_samples, steps_around
from umtn_core.dynamics.windows import mean, median, near
from umtn_core.stage import Passing

Audio = NDArray[np.float32]

#: Steps to either side over which the result is compared with the recording: a decoder that is
#: late, or an attack of another form, is passed over; ...
COMPARED = 4
#: ... and over which the gain is smoothed then.
SMOOTH = 2
#: Decibels below what the encoder heard, from which on a decoder does not play but hums: it is
#: raised no further, or what it hums would be as loud as the music.
LARGEST_SHORTFALL = 20.0
#: The same where what it makes has no pitch: there it misses a note, and makes noise of it.
SHORTFALL_OF_NOISE = 6.0
#: Steps that are let through after the last one with sound; then it fades within one.
LATE = 2


class Envelope:
    """Gives decoded audio the loudness of the recording that it was made of.

    Parameters
    ----------
    ride
        How the recording was ridden.
    sample_rate
        Samples a second of the decoded audio.
    """

    def __init__(self, ride: Ride, sample_rate: int):
        self._ride = ride
        self._rate = sample_rate
        self._meter = LevelMeter(sample_rate)
        self._audio = Passing()
        # Whatever comes after the recording is a rest.
        sounding = np.append(~np.isnan(ride.levels), np.zeros(LATE + 2, np.bool_))
        self._gate = np.ones(len(sounding)) if ride.amount == 0 else _opened(sounding)
        # How far the recording is above the decoded audio, step by step, as far as it is known.
        self._apart: NDArray[np.float32] = np.full(len(sounding), np.nan, np.float32)
        self._known = 0

    def __call__(self, audio: Audio) -> Audio:
        """Take the next block of mono audio, and give what is complete."""
        self._audio.add(audio)
        self._meter.add(audio)
        self._compare(ended=False)
        # The gain of a step is known once its windows are, and lines go to the next one's middle.
        return self._given(self._known - COMPARED - SMOOTH - 1)

    def rest(self) -> Audio:
        """Give what is left, once there are no more blocks."""
        self._compare(ended=True)
        return self._given(None)

    def _compare(self, *, ended: bool) -> None:
        levels = self._meter.levels(self._known, ended=ended)
        now = slice(self._known, self._known + len(levels))
        true = self._ride.levels[now]
        expected = np.minimum(self._ride.reference_db, true + self._ride.gains[now])
        levels = levels[: len(true)]
        least = expected - LARGEST_SHORTFALL
        # Nearly everywhere it is not as soft as that, and nothing has to be looked at.
        soft = np.flatnonzero(levels < expected - SHORTFALL_OF_NOISE)
        if len(soft):
            noise = soft[~has_period(self._before(self._known + soft), self._rate)]
            least[noise] = expected[noise] - SHORTFALL_OF_NOISE
        apart = true - np.maximum(levels, least)
        self._apart[self._known : self._known + len(apart)] = apart
        self._known += len(levels)

    def _before(self, steps: NDArray[np.int64]) -> Audio:
        """The audio up to the end of each of some steps: float32 (steps, window)."""
        window = period_window(self._rate)
        ends = step_edges(steps + 1, self._rate)
        begin = self._audio.begin
        audio = np.pad(self._audio.read(begin, self._audio.end), (window, window))
        places = ends[:, None] - begin + np.arange(window)
        return audio[places]

    def _given(self, steps: int | None) -> Audio:
        """Give what lies before the middle of a step; None, all of it."""
        begin, end = self._audio.begin, self._audio.end
        if steps is not None:
            end = int(step_edges(max(0, steps), self._rate))
        if end <= begin:
            return np.empty(0, np.float32)
        audio = self._audio.read(begin, end) * self._factors(begin, end - begin)
        self._audio.forget(end)
        return audio

    def _factors(self, begin: int, count: int) -> Audio:
        """What samples are multiplied by: float32 (count,)."""
        every = len(self._apart)
        first, last = steps_around(begin, count, self._rate, every)
        if first >= last:
            return np.zeros(count, np.float32)
        low, high = max(0, first - COMPARED - SMOOTH), min(every, last + COMPARED + SMOOTH)
        gains = mean(median(self._apart[low:high], COMPARED), SMOOTH)[first - low : last - low]
        gains = np.nan_to_num(gains, nan=0.0).astype(np.float64)
        amount = self._ride.amount
        gains = (1 - amount) * -self._ride.whole_gain_db + amount * gains
        factors = 10 ** (gains / 20) * self._gate[first:last]
        return at_samples(factors, first, begin, count, self._rate)


def _opened(sounding: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Open a gate for what sounds: float64 (steps,), from 0 to 1."""
    # A level counts half of its neighbours, so the first of a note is of the step before it.
    opened = near(sounding, -1, LATE)
    opened[0] = sounding[0]
    return opened.astype(np.float64)
