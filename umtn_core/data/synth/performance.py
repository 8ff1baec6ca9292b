"""Plays a score the way a person would: nothing exactly on time, nothing equally loud."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.curves import Curves
from umtn_core.data.synth.recipe import PerformanceSettings
from umtn_core.data.synth.score import Note, Score

#: Silence before the first note, so that its attack is whole.
LEAD_IN_S = 0.05
#: Time after the last note's end for its release.
TAIL_S = 0.4
#: Shorter than this a note is not heard as a pitch.
_LEAST_NOTE_S = 0.05


@dataclass(frozen=True)
class PlayedNote:
    """A note as played: start and end in seconds, MIDI pitch, velocity 1 to 127."""

    start: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Performance:
    """What is played.

    Parameters
    ----------
    notes
        The notes, by onset.
    seconds
        The length of the performance.
    is_line
        Whether no two notes are played at once.
    curves
        What changes while the notes sound; None, nothing.
    """

    notes: list[PlayedNote]
    seconds: float
    is_line: bool = False
    curves: Curves | None = None

    @property
    def pitches(self) -> frozenset[int]:
        """MIDI pitches of the notes."""
        return frozenset(note.pitch for note in self.notes)

    def within(self, pitches: Collection[int]) -> Performance:
        """Return it without the notes of other pitches."""
        return replace(self, notes=[note for note in self.notes if note.pitch in pitches])

    def as_played_by(self, abilities: Collection[str]) -> Performance:
        """Return it without what an instrument of these abilities cannot do."""
        if self.curves is None:
            return self
        return replace(self, curves=self.curves.as_played_by(abilities))


def melody(notes: list[Note]) -> list[Note]:
    """Return the top line of a score: one note at a time, each cut where the next begins."""
    top: dict[float, Note] = {}
    for note in notes:
        held = top.get(note.onset)
        if held is None or note.pitch > held.pitch:
            top[note.onset] = note
    line = [top[onset] for onset in sorted(top)]
    return [
        Note(a.onset, min(a.duration, b.onset - a.onset), a.pitch) for a, b in pairwise(line)
    ] + line[-1:]


def without_unisons(notes: list[Note]) -> list[Note]:
    """Join the notes of one pitch that overlap: one string cannot sound twice."""
    result: list[Note] = []
    last: dict[int, int] = {}
    for note in notes:
        index = last.get(note.pitch)
        if index is not None:
            old = result[index]
            if note.onset == old.onset:
                result[index] = Note(old.onset, max(old.duration, note.duration), old.pitch)
                continue
            if note.onset < old.onset + old.duration:
                result[index] = Note(old.onset, note.onset - old.onset, old.pitch)
        last[note.pitch] = len(result)
        result.append(note)
    return result


def perform(
    score: Score,
    notes: list[Note],
    settings: PerformanceSettings,
    rng: np.random.Generator,
    *,
    mono: bool,
    max_s: float,
) -> Performance:
    """Play the notes of a score.

    Parameters
    ----------
    score
        The piece, for its bars.
    notes
        The part of it to play, transposed, sorted by onset; may begin anywhere.
    settings
        Amounts; see `PerformanceSettings`.
    rng
        Source of everything random.
    mono
        Whether no two notes may sound at once; `notes` is then a single line.
    max_s
        Cut there: notes that begin later, or would be left shorter than a blink, go.

    Returns
    -------
    Performance with notes within [0, seconds] and seconds <= max_s
    """
    onset = np.array([n.onset for n in notes])
    duration = np.array([n.duration for n in notes])
    quarter_s = _seconds_per_quarter(onset, duration, settings, rng)
    last = (onset + duration).max()
    start = _drift((onset - onset[0]) * quarter_s, settings.drift, rng)
    # A note that lasts until another begins does so in bent time as well.
    end = np.interp(
        onset - onset[0] + duration,
        np.append(onset - onset[0], last - onset[0] + 1e-6),
        np.append(start, start[-1] + (last - onset[-1]) * quarter_s),
    )
    end = start + np.minimum(end - start, settings.longest_s)
    legato = rng.uniform(*settings.legato)
    share = np.clip(legato + settings.articulation * rng.standard_normal(len(notes)), 0.3, 1.0)
    end = start + (end - start) * share
    shift = settings.jitter_s * rng.standard_normal(len(notes))
    start = LEAD_IN_S + np.maximum(start + shift, 0.0)
    end = np.maximum(LEAD_IN_S + end + shift, start + _LEAST_NOTE_S)
    velocity = _velocities(score, onset, settings, rng)
    played = [
        PlayedNote(float(s), float(e), n.pitch, int(v))
        for s, e, n, v in zip(start, end, notes, velocity, strict=True)
    ]
    played = _separate(played, settings.gap_s, mono=mono)
    played = _cut(played, max_s - TAIL_S)
    seconds = max(n.end for n in played) + TAIL_S if played else 0.0
    return Performance(played, seconds, mono)


def _seconds_per_quarter(
    onset: NDArray[np.float64],
    duration: NDArray[np.float64],
    settings: PerformanceSettings,
    rng: np.random.Generator,
) -> float:
    """Choose a tempo by how fast notes come, since few scores give one worth trusting."""
    onsets = np.unique(onset)
    quarters = (onset + duration).max() - onset[0]
    low, high = settings.onsets_per_second
    rate = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    chosen = len(onsets) / quarters / rate
    short = float(np.quantile(duration, 0.05))
    return float(max(chosen, settings.shortest_s / short))


def _drift(
    time_s: NDArray[np.float64], amount: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Bend time slowly: the tempo swings by ``amount`` over 6 to 15 seconds."""
    period = rng.uniform(6.0, 15.0, 2)
    phase = rng.uniform(0, 2 * np.pi, 2)
    bent = time_s.copy()
    for p, f in zip(period, phase, strict=True):
        # The integral of amount/2 * cos(2 pi t / p + f): the tempo stays above zero.
        bent += amount / 2 * p / (2 * np.pi) * (np.sin(2 * np.pi * time_s / p + f) - np.sin(f))
    return bent


def _velocities(
    score: Score,
    onset: NDArray[np.float64],
    settings: PerformanceSettings,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Shape loudness over phrases of four bars, lean on the bar, and vary each note."""
    base = rng.uniform(*settings.velocity)
    bar = score.bar if score.bar > 0 else 4.0
    arch = np.sin(np.pi * ((onset % (4 * bar)) / (4 * bar))) - 0.6
    lean = np.where(onset % bar < 1e-3, 0.4, 0.0)
    own = 0.5 * rng.standard_normal(len(onset))
    value = base + settings.shaping * (arch + lean + own)
    return np.clip(np.round(value), 20, 120).astype(np.int64)


def _separate(notes: list[PlayedNote], gap_s: float, *, mono: bool) -> list[PlayedNote]:
    """End every note before the next of its pitch (or, in a single line, the next at all)."""
    ordered = sorted(notes, key=lambda n: (n.start, n.pitch))
    following: dict[int, float] = {}
    result: list[PlayedNote] = []
    for note in reversed(ordered):
        limit = following.get(-1 if mono else note.pitch, np.inf) - gap_s
        end = min(note.end, limit)
        # What the jitter left no room for is dropped, and the line stays clean.
        if end - note.start >= _LEAST_NOTE_S / 2:
            result.append(PlayedNote(note.start, end, note.pitch, note.velocity))
            following[-1 if mono else note.pitch] = note.start
    return result[::-1]


def _cut(notes: list[PlayedNote], limit_s: float) -> list[PlayedNote]:
    """Drop notes that begin too late and shorten the rest to ``limit_s``."""
    return [
        PlayedNote(n.start, min(n.end, limit_s), n.pitch, n.velocity)
        for n in notes
        if n.start + _LEAST_NOTE_S <= limit_s
    ]
