"""A single line: phrases of figures with rests between, ornamented, loud and soft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from umtn_core.data.synth.invention.figures import FIGURES, SHARES, near, reflect
from umtn_core.data.synth.performance import PlayedNote

#: Shorter than this a note is not heard as a pitch.
SHORTEST_S = 0.055
_GAP_S = 0.004

#: The rungs that a line may stand on at a time.
Ladder = Callable[[float], list[int]]


def always(rungs: list[int]) -> Ladder:
    """Return the ladder that has the same rungs at all times."""
    return lambda _: rungs


@dataclass(frozen=True)
class Manner:
    """How a line is played.

    Parameters
    ----------
    unit_s
        Length of a note of one unit.
    sounding
        Share of a note's time that sounds: low for staccato, 1 for slurs.
    velocity
        Mean MIDI velocity.
    ornaments
        Share of the notes with an ornament, of those that are long enough.
    rests
        Mean number of units between two phrases.
    jitter_s
        Standard deviation of the onsets' deviation.
    """

    unit_s: float
    sounding: float
    velocity: float
    ornaments: float
    rests: float
    jitter_s: float = 0.0


def draw_manner(rng: np.random.Generator) -> Manner:
    """Draw a manner: fast or slow, staccato to slurred, plain or ornamented."""
    sounding = (rng.uniform(0.3, 0.65), rng.uniform(0.7, 0.95), rng.uniform(0.95, 1.0))
    return Manner(
        unit_s=float(np.exp(rng.uniform(np.log(0.11), np.log(0.6)))),
        sounding=float(sounding[int(rng.choice(3, p=(0.2, 0.4, 0.4)))]),
        velocity=float(rng.uniform(48, 112)),
        ornaments=float(rng.uniform(0.05, 0.3)) if rng.random() < 0.4 else 0.0,
        rests=float(rng.choice((0.3, 0.5, 1, 2.5))),
        jitter_s=float(rng.uniform(0, 0.01)),
    )


def invent_line(
    start: float, end: float, ladder: Ladder, manner: Manner, rng: np.random.Generator
) -> list[PlayedNote]:
    """Make up a line.

    Parameters
    ----------
    start, end
        Seconds; no note begins before or ends after.
    ladder
        Its pitches at a time in seconds, low to high, two or more.
    manner
        How it is played.
    rng
        Source of everything random.

    Returns
    -------
    notes that do not overlap, by onset
    """
    rungs = ladder(start)
    now, pitch = start, int(rng.choice(rungs))
    notes: list[PlayedNote] = []
    while now < end - 2 * SHORTEST_S:
        first, begins = len(notes), now
        # Slurs and detached notes change from phrase to phrase.
        sounding = float(np.clip(manner.sounding + rng.normal(0, 0.05), 0.25, 1.0))
        for _ in range(int(rng.integers(1, 4))):
            figure = FIGURES[int(rng.choice(len(FIGURES), p=SHARES))]
            for step, units in figure(pitch, ladder(now), rng):
                length = max(SHORTEST_S * 1.3, min(units * manner.unit_s, 6.0))
                if now + length > end:
                    break
                rungs = ladder(now)
                pitch = rungs[near(rungs, step)] if step not in rungs and units > 0.5 else step
                notes += _note(now, length, pitch, rungs, sounding, manner, rng)
                now += length
        phrase = _shaped(notes[first:], begins, now, manner.velocity, rng)
        notes[first:] = phrase
        now += manner.unit_s * float(rng.exponential(manner.rests))
        if not phrase:
            now += manner.unit_s
    return _apart(notes, end)


def _note(
    start: float,
    length: float,
    pitch: int,
    rungs: list[int],
    sounding: float,
    manner: Manner,
    rng: np.random.Generator,
) -> list[PlayedNote]:
    """Return a note, or what an ornament makes of it."""
    start += float(np.clip(rng.normal(0, manner.jitter_s), -0.02, 0.02)) if manner.jitter_s else 0.0
    start = max(0.0, start)
    end = start + max(SHORTEST_S, length * sounding)
    if length < 0.22 or rng.random() >= manner.ornaments:
        return [PlayedNote(start, end, pitch, 0)]
    place = near(rungs, pitch)
    up = rungs[reflect(place + 1, len(rungs))]
    down = rungs[reflect(place - 1, len(rungs))]
    quick = float(rng.uniform(SHORTEST_S + 0.01, 0.095))
    kind = int(rng.integers(4))
    if kind == 0 and length > 0.45:
        # A trill, to the note's end or to its middle.
        until = end if rng.random() < 0.6 else (start + end) / 2
        count = max(2, int((until - start) / quick))
        parts = [(start + k * quick, up if k % 2 else pitch) for k in range(count)]
        if until < end:
            parts.append((start + count * quick, pitch))
    elif kind == 1:
        parts = [(start, up), (start + quick, pitch)]
    elif kind == 2:
        parts = [(start, pitch), (start + quick, down), (start + 2 * quick, pitch)]
    else:
        parts = [(start, pitch), (start + quick, up), (start + 2 * quick, pitch)]
    ends = [at for at, _ in parts[1:]] + [max(end, parts[-1][0] + SHORTEST_S)]
    return [PlayedNote(at, to - _GAP_S, p, 0) for (at, p), to in zip(parts, ends, strict=True)]


def _shaped(
    notes: list[PlayedNote], start: float, end: float, velocity: float, rng: np.random.Generator
) -> list[PlayedNote]:
    """Give the notes of a phrase their loudness: an arch, or a way up or down, and accents."""
    kind, swing = int(rng.integers(3)), rng.uniform(0, 18)
    accents = rng.random() < 0.3
    result = []
    for note in notes:
        x = (note.start - start) / max(end - start, 1e-6)
        shape = (np.sin(np.pi * x) - 0.6, x - 0.5, 0.5 - x)[kind]
        value = velocity + swing * shape + rng.normal(0, 5)
        if accents and rng.random() < 0.15:
            value += 18
        loud = int(np.clip(round(float(value)), 20, 126))
        result.append(PlayedNote(note.start, note.end, note.pitch, loud))
    return result


def _apart(notes: list[PlayedNote], end: float) -> list[PlayedNote]:
    """End each note before the next begins, and all of them in time."""
    ordered = sorted(notes, key=lambda note: note.start)
    result: list[PlayedNote] = []
    limit = end
    for note in reversed(ordered):
        until = min(note.end, limit)
        if until - note.start >= SHORTEST_S * 0.8:
            result.append(PlayedNote(note.start, until, note.pitch, note.velocity))
            limit = note.start - _GAP_S
    return result[::-1]
