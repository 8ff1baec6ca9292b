"""Textures of two to five voices over chords that follow one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from umtn_core.data.synth.invention.key import Harmony, draw_harmony
from umtn_core.data.synth.invention.line import SHORTEST_S, Manner, always, draw_manner, invent_line
from umtn_core.data.synth.performance import PlayedNote

Texture = Callable[[float, float, int, int, np.random.Generator], list[PlayedNote]]

_GAP_S = 0.004
#: Standard deviation of the onsets of what is written together, in seconds.
_JITTER_S = 0.008


def chorale(
    start: float, end: float, low: int, high: int, rng: np.random.Generator
) -> list[PlayedNote]:
    """Voices that move together, each as little as it can, with passing notes."""
    beat = _beat(rng)
    voices = int(rng.integers(2, 6))
    registers = _registers(low, high, voices)
    manner = _Playing(rng)
    places = [float(rng.uniform(*register)) for register in registers]
    notes = []
    for harmony in draw_harmony(start, end, beat, rng):
        steps = max(1, round((harmony.end - harmony.start) / (beat * int(rng.choice((1, 2, 4))))))
        times = np.linspace(harmony.start, harmony.end, steps + 1)
        for begins, ends in pairwise(times):
            for voice, (bottom, top) in enumerate(registers):
                if rng.random() < 0.06:
                    continue  # a rest
                chord = harmony.chord[:1] if voice == 0 and rng.random() < 0.6 else harmony.chord
                pitch = _nearest(chord, places[voice], bottom, top, rng)
                if pitch is None:
                    continue
                places[voice] = 0.85 * pitch + 0.15 * (bottom + top) / 2
                moves = ends - begins > 0.3 and rng.random() < 0.3
                passing = _passing(harmony, pitch, bottom, top, rng) if moves else []
                notes += manner.spread([pitch, *passing], begins, ends, voice == voices - 1)
    return notes


def counterpoint(
    start: float, end: float, low: int, high: int, rng: np.random.Generator
) -> list[PlayedNote]:
    """Two to four lines of the same chords, each with a rhythm of its own."""
    voices = int(rng.integers(2, 5))
    unit = float(np.exp(rng.uniform(np.log(0.16), np.log(0.5))))
    chords = draw_harmony(start, end, 4 * unit, rng)
    manner = draw_manner(rng)
    notes = []
    for bottom, top in _registers(low, high, voices):
        own = replace(
            manner,
            unit_s=unit * float(rng.choice((1, 1, 2))),
            rests=float(rng.choice((1, 2, 4))),
            ornaments=manner.ornaments / 2,
            jitter_s=_JITTER_S,
        )
        notes += invent_line(start, end, _scale_of(chords, bottom, top), own, rng)
    return notes


def accompanied(
    start: float, end: float, low: int, high: int, rng: np.random.Generator
) -> list[PlayedNote]:
    """A tune over a pattern: block chords, bass and chords after it, or a broken bass."""
    beat = _beat(rng)
    chords = draw_harmony(start, end, beat, rng)
    split = round(low + (high - low) * rng.uniform(0.4, 0.6))
    tune = replace(draw_manner(rng), unit_s=beat / float(rng.choice((1, 2, 2, 4))))
    notes = invent_line(start, end, _scale_of(chords, split + 1, high), tune, rng)
    manner = _Playing(rng, softer=float(rng.uniform(0, 20)))
    pattern = int(rng.integers(4))
    for harmony in chords:
        pitches = _voicing(harmony.chord, low, split, int(rng.integers(3, 5)), rng)
        if not pitches:
            continue
        count = max(1, round((harmony.end - harmony.start) / beat))
        length = (harmony.end - harmony.start) / count
        for k in range(count):
            at = harmony.start + k * length
            if pattern == 0:
                notes += manner.together(pitches, at, at + length)
            elif pattern == 1 and k % 2 == 0:
                notes += manner.together(pitches[:1], at, at + length)
            elif pattern == 1:
                notes += manner.together(pitches[1:], at, at + length)
            elif pattern == 2:
                order = [pitches[0], pitches[-1], pitches[len(pitches) // 2], pitches[-1]]
                notes += manner.spread(order, at, at + length)
            elif k == 0:
                notes += manner.together(pitches, at, harmony.end)
    return notes


def broken(
    start: float, end: float, low: int, high: int, rng: np.random.Generator
) -> list[PlayedNote]:
    """Chords one note after another, up, down or both, perhaps over a held bass."""
    beat = _beat(rng)
    manner = _Playing(rng)
    unit = max(0.085, beat / int(rng.choice((2, 3, 4))))
    has_bass, shape = rng.random() < 0.5, int(rng.integers(4))
    notes = []
    for harmony in draw_harmony(start, end, beat, rng):
        bottom = low + (max(3, (high - low) // 4) if has_bass else 0)
        pitches = [p for p in range(bottom, high + 1) if p % 12 in harmony.chord]
        if len(pitches) < 2:
            continue
        if has_bass:
            bass = _nearest(harmony.chord[:1], low + 4, low, bottom - 1, rng)
            if bass is not None:
                notes += manner.together([bass], harmony.start, harmony.end)
        width = min(len(pitches), int(rng.integers(3, 9)))
        first = int(rng.integers(len(pitches) - width + 1))
        chosen = pitches[first : first + width]
        ways = (chosen, chosen[::-1], [*chosen, *chosen[-2:0:-1]], list(rng.permutation(chosen)))
        way = [int(p) for p in ways[shape]]
        count = max(1, int((harmony.end - harmony.start) / unit))
        order = [way[k % len(way)] for k in range(count)]
        notes += manner.spread(order, harmony.start, harmony.start + count * unit)
    return notes


def keyboard(
    start: float, end: float, low: int, high: int, rng: np.random.Generator
) -> list[PlayedNote]:
    """What hands do: octaves, thirds and sixths side by side, repeated chords, tremolo."""
    notes: list[PlayedNote] = []
    beat = _beat(rng)
    for harmony in draw_harmony(start, end, 2 * beat, rng):
        manner = _Playing(rng)
        kind = int(rng.integers(4))
        unit = max(0.1, beat / int(rng.choice((1, 2, 4))))
        if kind < 2:
            # At the octave or double octave, or by a third or a sixth.
            distance = int(rng.choice((7, 14) if kind == 0 else (2, 5)))
            notes += _doubled(harmony, manner, unit, distance, low, high, rng)
        elif kind == 2:
            pitches = _voicing(harmony.chord, low, high, int(rng.integers(3, 6)), rng)
            notes += _repeated([pitches], harmony, manner, unit, least=1)
        else:
            pitches = _voicing(harmony.chord, low, high, 4, rng)
            quick = float(rng.uniform(0.08, 0.14))
            notes += _repeated([pitches[:1], pitches[1:]], harmony, manner, quick)
    return notes


def _doubled(
    harmony: Harmony,
    manner: _Playing,
    unit: float,
    distance: int,
    low: int,
    high: int,
    rng: np.random.Generator,
) -> list[PlayedNote]:
    """Return a line, and beside it another so many rungs of the scale above."""
    rungs = harmony.key.ladder(low, high)
    plain = Manner(unit, manner.sounding, manner.velocity, 0.0, 1.0)
    lower = always(rungs[: -distance or None] or rungs)
    notes = []
    for note in invent_line(harmony.start, harmony.end, lower, plain, rng):
        upper = note.pitch
        if note.pitch in rungs:
            upper = rungs[min(rungs.index(note.pitch) + distance, len(rungs) - 1)]
        notes += [note, replace(note, pitch=upper)]
    return notes


def _repeated(
    turns: list[list[int]], harmony: Harmony, manner: _Playing, unit: float, least: int = 0
) -> list[PlayedNote]:
    """Return chords that take turns, each of one unit's length, as long as a harmony lasts."""
    notes = []
    for k in range(max(least, int((harmony.end - harmony.start) / unit))):
        at = harmony.start + k * unit
        notes += manner.together(turns[k % len(turns)], at, at + unit)
    return notes


TEXTURES: tuple[Texture, ...] = (chorale, counterpoint, accompanied, broken, keyboard)
SHARES = (0.3, 0.15, 0.25, 0.15, 0.15)


class _Playing:
    """How the notes of a texture are played: sounding share, loudness, jitter."""

    def __init__(self, rng: np.random.Generator, softer: float = 0.0) -> None:
        self.sounding = float(
            rng.uniform(0.4, 0.8) if rng.random() < 0.25 else rng.uniform(0.85, 1)
        )
        self.velocity = float(rng.uniform(48, 108)) - softer
        self._rolls = float(rng.uniform(0.01, 0.04)) if rng.random() < 0.15 else 0.0
        self._rng = rng

    def together(self, pitches: list[int], start: float, end: float) -> list[PlayedNote]:
        """Play pitches at once, or quickly one upon another."""
        return [
            self._note(start + k * self._rolls, end, pitch, False)
            for k, pitch in enumerate(pitches)
        ]

    def spread(
        self, pitches: list[int], start: float, end: float, leads: bool = False
    ) -> list[PlayedNote]:
        """Play pitches one after another, in equal times."""
        count = max(1, min(len(pitches), int((end - start) / 0.08)))
        times = np.linspace(start, end, count + 1)
        return [
            self._note(float(a), float(b), pitch, leads)
            for a, b, pitch in zip(times[:-1], times[1:], pitches, strict=False)
        ]

    def _note(self, start: float, end: float, pitch: int, leads: bool) -> PlayedNote:
        begins = max(0.0, start + float(np.clip(self._rng.normal(0, _JITTER_S), -0.02, 0.02)))
        length = max(SHORTEST_S, (end - start) * self.sounding - _GAP_S)
        velocity = self.velocity + self._rng.normal(0, 5) + (6 if leads else 0)
        return PlayedNote(begins, begins + length, pitch, int(np.clip(round(velocity), 20, 126)))


def _beat(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(0.33), np.log(0.9))))


def _registers(low: int, high: int, voices: int) -> list[tuple[int, int]]:
    """Divide a range among voices, so that neighbours share half of theirs."""
    width = max(7, round(2 * (high - low) / (voices + 1)))
    bottoms = np.linspace(low, max(low, high - width), voices)
    return [(int(bottom), int(min(high, bottom + width))) for bottom in bottoms]


def _scale_of(chords: list[Harmony], low: int, high: int) -> Callable[[float], list[int]]:
    """Return the ladder of the key that there is at a time; a narrow one has every semitone."""
    starts = [harmony.start for harmony in chords]

    def ladder(now: float) -> list[int]:
        place = max(0, int(np.searchsorted(starts, now + 1e-6)) - 1)
        rungs = chords[place].key.ladder(low, high)
        return rungs if len(rungs) > 2 else list(range(low, max(high, low + 2) + 1))

    return ladder


def _nearest(
    chord: list[int], place: float, low: int, high: int, rng: np.random.Generator
) -> int | None:
    """Return a pitch of the chord near to a place, the nearer the likelier."""
    options = np.array([p for p in range(low, high + 1) if p % 12 in chord])
    if not len(options):
        return None
    weights = np.exp(-np.abs(options - place) / 2.5)
    return int(rng.choice(options, p=weights / weights.sum()))


def _passing(
    harmony: Harmony, pitch: int, low: int, high: int, rng: np.random.Generator
) -> list[int]:
    """Return one to three steps along the scale from a pitch."""
    rungs = harmony.key.ladder(low, high)
    if len(rungs) < 2:
        return []
    direction = int(rng.choice((-1, 1)))
    place = int(np.argmin(np.abs(np.array(rungs) - pitch)))
    places = [place + direction * k for k in range(1, int(rng.integers(2, 5)))]
    return [rungs[k] for k in places if 0 <= k < len(rungs)]


def _voicing(
    chord: list[int], low: int, high: int, count: int, rng: np.random.Generator
) -> list[int]:
    """Return pitches of a chord, close together or far apart, low to high."""
    options = [p for p in range(low, high + 1) if p % 12 in chord]
    count = min(count, len(options))
    if rng.random() < 0.6:
        first = int(rng.integers(len(options) - count + 1))
        return options[first : first + count]
    return sorted(int(p) for p in rng.choice(options, count, replace=False)) if count else []
