"""An instrument made up on the spot: harmonics, an envelope, perhaps breath and a stiff string."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.curves import CONTROL_RATE, bend_at
from umtn_core.data.synth.performance import Performance, PlayedNote

#: Softer than this beside the first, a harmonic is left out.
_LEAST = 0.003
#: Harmonics stay below so many cycles a sample.
_HIGHEST = 0.46
#: So many time constants after its end, a note is silent.
_RELEASES = 6.0


@dataclass(frozen=True)
class MadeUp:
    """An instrument.

    Parameters
    ----------
    amplitudes : float64, shape (harmonics,)
        The amplitude of each harmonic.
    phases : float64, shape (harmonics,)
        The phase that each harmonic begins at, in cycles.
    stiffness
        Harmonic k sounds at ``k sqrt(1 + stiffness k^2)`` times the pitch.
    attack_s, release_s
        Time of the attack; time constant of the release.
    half_life_s
        The time in which a held note loses half of its amplitude; infinite where notes go on.
    breath
        Amplitude of noise beside the harmonics.
    """

    amplitudes: NDArray[np.float64]
    phases: NDArray[np.float64]
    stiffness: float
    attack_s: float
    release_s: float
    half_life_s: float
    breath: float


def make_up(rng: np.random.Generator, *, sustained: bool) -> MadeUp:
    """Draw an instrument; ``sustained`` says whether its notes go on as long as they are held."""
    count = int(rng.integers(3, 20))
    order = np.arange(1, count + 1)
    amplitudes = order ** -rng.uniform(0.3, 2.2) * np.exp(rng.normal(0, 0.8, count))
    if rng.random() < 0.3:
        amplitudes *= np.where(order % 2, 1.0, 0.1)  # a pipe closed at one end
    half_life = float(np.exp(rng.uniform(np.log(0.15), np.log(1.5))))
    return MadeUp(
        amplitudes=amplitudes / np.abs(amplitudes).max(),
        phases=rng.random(count),
        stiffness=float(rng.choice((0.0, 0.0, 1e-4, 5e-4))),
        attack_s=float(np.exp(rng.uniform(np.log(0.003), np.log(0.09)))),
        release_s=float(np.exp(rng.uniform(np.log(0.01), np.log(0.1)))),
        half_life_s=np.inf if sustained else half_life,
        breath=float(rng.uniform(0.003, 0.05)) if rng.random() < 0.4 else 0.0,
    )


def play(
    performance: Performance, instrument: MadeUp, sample_rate: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Play a performance, dry.

    Parameters
    ----------
    performance
        Notes, and curves if it has any; the pedal does nothing.
    instrument
        What plays it.
    sample_rate
        The rate of the result, in samples a second.
    rng
        Source of the breath.

    Returns
    -------
    float32, shape (ceil(seconds * sample_rate),), not normalised
    """
    samples = int(np.ceil(performance.seconds * sample_rate))
    audio = np.zeros(samples)
    followings = [note.start for note in performance.notes[1:]] + [np.inf]
    for note, following in zip(performance.notes, followings, strict=True):
        first = round(note.start * sample_rate)
        last = min(samples, round((note.end + _RELEASES * instrument.release_s) * sample_rate))
        if last > first:
            time = np.arange(last - first) / sample_rate
            cycles = _cycles(note, time, performance, following, sample_rate)
            audio[first:last] += _tone(note, time, cycles, instrument, sample_rate, rng)
    if performance.curves is not None:
        gain = performance.curves.gain
        at = np.arange(samples) * (CONTROL_RATE / sample_rate)
        audio *= np.interp(at, np.arange(len(gain)), gain)
    return audio.astype(np.float32)


def _cycles(
    note: PlayedNote,
    time: NDArray[np.float64],
    performance: Performance,
    following: float,
    sample_rate: int,
) -> NDArray[np.float64]:
    """Return the phase of a note's first harmonic, in cycles."""
    hertz = 440.0 * 2 ** ((note.pitch - 69) / 12)
    if performance.curves is None:
        return hertz * time
    own = following if performance.is_line else np.inf
    ratio = 2 ** (bend_at(performance.curves, note.start + time, note.start, own) / 12)
    return np.cumsum(hertz * ratio) / sample_rate


def _tone(
    note: PlayedNote,
    time: NDArray[np.float64],
    cycles: NDArray[np.float64],
    instrument: MadeUp,
    sample_rate: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    highest = float(np.max(np.diff(cycles), initial=0.0))
    tone = np.zeros(len(time))
    parts = zip(instrument.amplitudes, instrument.phases, strict=True)
    for order, (amplitude, phase) in enumerate(parts, 1):
        stretched = order * np.sqrt(1 + instrument.stiffness * order**2)
        if highest * stretched > _HIGHEST:
            break
        if amplitude > _LEAST:
            tone += amplitude * np.sin(2 * np.pi * (stretched * cycles + phase))
    if instrument.breath:
        tone += instrument.breath * rng.standard_normal(len(time))
    level = np.minimum(time / instrument.attack_s, 1.0) * 0.5 ** (time / instrument.half_life_s)
    level *= np.exp(-np.maximum(time - (note.end - note.start), 0.0) / instrument.release_s)
    return np.asarray((note.velocity / 127) ** 1.5 * level * tone)
