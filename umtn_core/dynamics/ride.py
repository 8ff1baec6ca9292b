"""The loudness at which the encoder hears each passage, and where a recording rests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.dynamics.levels import LUFS_BELOW_LEVEL, step_middles, steps_over
from umtn_core.dynamics.windows import Curve, mean, median, near

Audio = NDArray[np.float32]

#: What lasts no longer than so many steps, such as a click, has no level.
CLICK = 4
#: The gain follows the median of so many steps to either side: it steps where the music does, and
#: does not see a note that is short.
SLOW = 40
#: What a passage of so many steps to either side ...
FAST = 8
#: ... may be louder, or softer, in dB, than the encoder was taught.
LOUDER, SOFTER = 6.0, 10.0
#: Steps to either side over which the gain is smoothed.
SMOOTH = 3
#: So many dB below the loudest passage nothing sounds: what is there is not brought up.
DEEPEST = 55.0
#: A recording that stays below this level in dB has no sound in it.
FAINTEST = -115.0
#: So many dB below it, or below this level, noise without pitch is not music but what is left
#: where there is none.
NOISE_DEEPEST, NOISE_FAINTEST = 20.0, -85.0
#: Up to so many dB above noise that is near, as near as so many steps, there is noise too.
NOISE_SPREAD, NOISE_NEAR = 3.0, 25
#: So many steps before and after a pitch belong to it, such as the breath of an attack.
TONE = 4
#: Steps that a passage has to last to be the loudest one: half a window.
PASSAGE = 15
#: A rest is longer than so many steps.
SHORTEST_REST = 6
#: In a rest, the gain stays what it was until so many steps before the next note.
AHEAD = 8


@dataclass(frozen=True)
class Ride:
    """What is done to the loudness of a recording before the encoder.

    Parameters
    ----------
    levels : float32 array (steps,)
        Its levels in dB as recorded, without clicks; NaN where it rests.
    gains : float32 array (steps,)
        What its levels are raised by, in dB.
    amount
        How much of its dynamics the result is to get back, 0 to 1.
    reference_db
        The level in dB at which the encoder was taught.
    whole_gain_db
        What the recording as a whole would be raised by, in dB.
    """

    levels: Curve
    gains: Curve
    amount: float
    reference_db: float
    whole_gain_db: float

    @classmethod
    def of(
        cls,
        heard: Curve,
        recorded: Curve,
        tonal: NDArray[np.bool_],
        *,
        reference_lufs: float,
        amount: float,
        whole_gain_db: float,
    ) -> Ride:
        """Find the gains for a recording.

        Parameters
        ----------
        heard : float32 array (steps,)
            What a `LevelMeter` measured of all of it at the encoder's rate.
        recorded : float32 array (steps,)
            The same at its own rate, at which it may be louder; one step more or less is no matter.
        tonal : bool array (steps,)
            What a `ToneMeter` heard of all of it, at the encoder's rate.
        reference_lufs
            The loudness that the network was taught.
        amount
            The share of its dynamics to ride: 0 leaves it at one gain, 1 brings every passage to
            the reference.
        whole_gain_db
            The decibels by which that one gain raises it.
        """
        heard = median(heard, CLICK)
        sounding = _sounding(heard, tonal)
        reference = reference_lufs + LUFS_BELOW_LEVEL
        ridden = reference - _followed(np.where(sounding, heard, np.float32(np.nan)))
        gains = (1 - amount) * whole_gain_db + amount * mean(ridden.astype(np.float32), SMOOTH)
        levels = np.full(len(heard), np.nan, np.float32)
        known = median(recorded[: len(heard)], CLICK)
        levels[: len(known)] = np.where(sounding[: len(known)], known, np.nan)
        return cls(levels, gains.astype(np.float32), amount, reference, whole_gain_db)

    def applied(self, audio: Audio, first_sample: int, sample_rate: int) -> Audio:
        """Give a stretch of the recording the gains with which the encoder is to hear it.

        Parameters
        ----------
        audio : float32 array (samples,)
            A stretch of it, as it was measured.
        first_sample
            The place of its first sample in the recording, which may be before it begins.
        sample_rate
            Samples a second of the recording.

        Returns
        -------
        float32 array (samples,)
            Each sample depends on its place and on nothing else of the stretch. A click may
            leave [-1, 1].
        """
        first, last = steps_around(first_sample, len(audio), sample_rate, len(self.gains))
        if first >= last:
            return audio
        factors = 10 ** (self.gains[first:last].astype(np.float64) / 20)
        return audio * at_samples(factors, first, first_sample, len(audio), sample_rate)


def steps_around(first_sample: int, count: int, rate: int, steps: int) -> tuple[int, int]:
    """Say from which step to which, of so many, a curve has to be known for some samples."""
    first = min(max(0, steps_over(max(0, first_sample), rate) - 2), max(0, steps - 1))
    return first, min(steps, max(first + 1, steps_over(max(0, first_sample + count), rate) + 2))


def at_samples(
    factors: NDArray[np.float64], first_step: int, first_sample: int, count: int, rate: int
) -> Audio:
    """Draw straight lines between the middles of steps, and level ones before and after them.

    Parameters
    ----------
    factors : float64 array (steps,)
        The values there.
    first_step
        The step that the first of them is of.
    first_sample, count, rate
        Samples to draw them for, and how many there are in a second.

    Returns
    -------
    float32 array (count,)
    """
    middles = step_middles(first_step, first_step + len(factors), rate)
    places = np.arange(first_sample, first_sample + count) + 0.5
    return np.interp(places, middles, factors).astype(np.float32)


def _sounding(levels: Curve, tonal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark where a recording does not rest."""
    if not len(levels):
        return np.zeros(0, np.bool_)
    loudest = float(np.max(median(levels, PASSAGE)))
    sounding = levels > max(FAINTEST, loudest - DEEPEST)
    sounding &= ~_noise(levels, tonal, max(loudest - NOISE_DEEPEST, NOISE_FAINTEST))
    # What is shorter than a rest, between two notes, is none.
    half = SHORTEST_REST // 2
    return sounding | ~near(~near(sounding, half, half), half, half)


def _noise(levels: Curve, tonal: NDArray[np.bool_], loudest: float) -> NDArray[np.bool_]:
    """Mark noise between the notes, none of it louder than so many dB."""
    noise = ~near(tonal, TONE, TONE) & (levels < loudest)
    # A pitch is heard around it as well; the noise goes on to where the level changes.
    floor = median(np.where(noise, levels, np.nan).astype(np.float32), NOISE_NEAR)
    return noise | (levels < np.minimum(floor + NOISE_SPREAD, loudest))


def _followed(levels: Curve) -> Curve:
    """The level that the gain follows, through rests too."""
    slow, fast = median(levels, SLOW), median(levels, FAST)
    followed = np.clip(slow, fast - LOUDER, fast + SOFTER)
    followed[np.isnan(levels)] = np.nan
    there = np.flatnonzero(~np.isnan(followed))
    if not len(there):
        return np.zeros(len(levels), np.float32)
    at = np.arange(len(levels))
    following = np.searchsorted(there, at)
    after = there[np.minimum(following, len(there) - 1)]
    before = there[np.maximum(np.searchsorted(there, at, "right") - 1, 0)]
    takes_next = (after >= at) & ((after - at <= AHEAD) | (before > at))
    return followed[np.where(takes_next, after, before)]
