"""A mono signal of a recording, as the encoder hears it: at its rate and its loudness."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.level import gain_to_match
from umtn_core.audio.loudness import LoudnessMeter
from umtn_core.audio.resample import Resampler, resampled_length
from umtn_core.audio.transpose import Transposition
from umtn_core.dynamics.levels import LevelMeter
from umtn_core.dynamics.ride import Ride
from umtn_core.dynamics.tones import ToneMeter
from umtn_core.rows import Rows
from umtn_core.stage import Stage

Audio = NDArray[np.float32]

#: LUFS down to which a recording counts whose gain is ridden in part.
FAINTEST = -92.0


@dataclass(frozen=True)
class Hearing:
    """How a model hears recordings.

    Parameters
    ----------
    sample_rate
        The rate in hertz that its encoder takes.
    loudness
        The LUFS of what it was trained on.
    dynamics
        The share of their own dynamics, see `umtn_core.translator.Translator`.
    semitones
        What recordings are raised by before.
    folder
        Where signals are put that do not fit into memory; None, the system's folder for such.
    """

    sample_rate: int
    loudness: float
    dynamics: float = 0.0
    semitones: int = 0
    folder: Path | None = None


class Signal:
    """One mono signal of a recording. It is taken in once, and then heard as often as one likes.

    Parameters
    ----------
    id
        Names its random numbers.
    samples, sample_rate
        Its form, as recorded.
    hearing
        How it is heard.

    Attributes
    ----------
    lufs : float
        Its loudness as recorded, where it is heard with one gain; minus infinity for silence.
    heard_samples : int
        Its length at the rate at which it is heard.
    ride : Ride or None
        The gain by which it is heard; None, one gain for the whole.
    """

    def __init__(self, id: int, samples: int, sample_rate: int, hearing: Hearing):
        self.id = id
        self.samples = samples
        self.sample_rate = sample_rate
        self.heard_samples = resampled_length(samples, sample_rate, hearing.sample_rate)
        self.lufs = -np.inf
        self.ride: Ride | None = None
        self._hearing = hearing
        self._rows = Rows(self.heard_samples, folder=hearing.folder)
        self._gain = self._divisor = np.float32(1)
        self._taking: _Taking | None = _Taking(self)

    @property
    def takers(self) -> tuple[Callable[[Audio], None], ...]:
        """What takes it in: each wants all of its blocks, float32 (n,), as recorded."""
        assert self._taking is not None
        return self._taking.measure, self._taking.hear

    def end(self) -> None:
        """Decide how it is heard, now that all of it was taken in."""
        assert self._taking is not None
        taking, self._taking = self._taking, None
        taking.end()
        wanted, dynamics = self._hearing.loudness, self._hearing.dynamics
        if dynamics > 0:
            heard = wanted
            if dynamics < 1:
                heard = max(taking.as_heard.loudness(), taking.as_heard.loudness(FAINTEST))
            self.ride = Ride.of(
                taking.levels.levels(),
                taking.levels_as_recorded.levels(),
                taking.tones.tonal(),
                reference_lufs=wanted,
                amount=dynamics,
                whole_gain_db=wanted - heard if math.isfinite(heard) else 0.0,
            )
            return
        self.lufs = taking.as_recorded.loudness()
        heard = taking.as_heard.loudness()
        # Codes hold no more than 1, and what the network hears is not to be limited.
        self._gain = gain_to_match(heard, wanted)
        self._divisor = np.float32(max(1.0, float(taking.peak * self._gain)))

    def heard(self, begin: int, end: int) -> Audio:
        """Give some samples of it, at the rate and the loudness at which it is heard."""
        audio: Audio = self._rows[begin:end]
        if self.ride is not None:
            return self.ride.applied(audio, begin, self._hearing.sample_rate)
        return audio * self._gain / self._divisor

    def put(self, begin: int, audio: Audio) -> None:
        """Keep samples of it, at the rate at which it is heard, as loud as recorded."""
        self._rows[begin : begin + len(audio)] = audio

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to be translated."""
        if self.ride is not None:
            return bool(np.isnan(self.ride.levels).all())
        return self.lufs == -np.inf

    @property
    def hearing(self) -> Hearing:
        """How it is heard."""
        return self._hearing


class _Taking:
    """What is measured of a signal while it is taken in."""

    def __init__(self, signal: Signal):
        hearing = signal.hearing
        self._signal = signal
        self.as_recorded = LoudnessMeter(1, signal.samples, signal.sample_rate)
        self.as_heard = LoudnessMeter(1, signal.heard_samples, hearing.sample_rate)
        self.levels = LevelMeter(hearing.sample_rate)
        self.tones = ToneMeter(hearing.sample_rate)
        self.levels_as_recorded = LevelMeter(signal.sample_rate)
        self.peak = np.float32(0)
        self._filled = 0
        resampler = Resampler(signal.sample_rate, hearing.sample_rate, signal.heard_samples)
        self._stages: tuple[Stage, ...] = (resampler,)
        if hearing.semitones:
            transposition = Transposition(hearing.semitones, signal.sample_rate)
            self._stages = (transposition, resampler)

    def measure(self, audio: Audio) -> None:
        """Measure the next block, as recorded."""
        if self._signal.hearing.dynamics > 0:
            self.levels_as_recorded.add(audio)
        else:
            self.as_recorded.add(audio)

    def hear(self, audio: Audio) -> None:
        """Bring the next block to the rate at which it is heard."""
        self._through(audio, self._stages)

    def end(self) -> None:
        """Take what is left in the stages."""
        for i, stage in enumerate(self._stages):
            self._through(stage.rest(), self._stages[i + 1 :])

    def _through(self, audio: Audio, stages: tuple[Stage, ...]) -> None:
        for stage in stages:
            audio = stage(audio)
        if not len(audio):
            return
        self._signal.put(self._filled, audio)
        self._filled += len(audio)
        dynamics = self._signal.hearing.dynamics
        if dynamics > 0:
            self.levels.add(audio)
            self.tones.add(audio)
        if dynamics < 1:
            self.as_heard.add(audio)
        self.peak = max(self.peak, np.abs(audio).max())
