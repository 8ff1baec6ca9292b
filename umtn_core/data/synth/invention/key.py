"""Keys, the pitches they have, and chords that follow one another in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11))
#: How far a chord's root moves up the scale, and how often: fourths and fifths above all.
_ROOT_STEPS = (1, 2, 3, 4, 5, 6)
_ROOT_SHARES = (0.15, 0.1, 0.3, 0.25, 0.1, 0.1)


@dataclass(frozen=True)
class Key:
    """A tonic, 0 to 11, and the semitones above it that belong to the scale."""

    tonic: int
    scale: tuple[int, ...]

    def ladder(self, low: int, high: int) -> list[int]:
        """Return the scale's pitches from ``low`` to ``high``, both included."""
        return [p for p in range(low, high + 1) if (p - self.tonic) % 12 in self.scale]

    def chord(self, degree: int, *, seventh: bool = False) -> list[int]:
        """Return the pitch classes of a chord on a degree, the root first."""
        steps = (0, 2, 4, 6) if seventh else (0, 2, 4)
        size = len(self.scale)
        return [(self.tonic + self.scale[(degree + step) % size]) % 12 for step in steps]


@dataclass(frozen=True)
class Harmony:
    """A chord that lasts for some time: pitch classes with the root first, seconds."""

    start: float
    end: float
    chord: list[int]
    key: Key


def draw_key(rng: np.random.Generator) -> Key:
    """Draw a major key or a minor one."""
    return Key(int(rng.integers(12)), _SCALES[int(rng.integers(len(_SCALES)))])


def draw_harmony(start: float, end: float, beat: float, rng: np.random.Generator) -> list[Harmony]:
    """Draw chords one after another, a beat long or some beats, now and then of a new key."""
    key, degree, now = draw_key(rng), 0, start
    chords = []
    while now < end - 1e-9:
        length = beat * int(rng.choice((1, 2, 2, 4, 4, 8)))
        until = min(now + length, end)
        if until > end - beat:
            until = end
        chord = key.chord(degree, seventh=bool(rng.random() < 0.2))
        chords.append(Harmony(now, until, chord, key))
        now = until
        degree = (degree + int(rng.choice(_ROOT_STEPS, p=_ROOT_SHARES))) % 7
        if rng.random() < 0.06:
            key = draw_key(rng)
    return chords
