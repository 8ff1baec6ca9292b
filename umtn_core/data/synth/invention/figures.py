"""Figures that lines are made of: each goes on from a pitch, and says pitches and lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

#: A pitch, and its length in units of the line.
Step = tuple[int, float]
Figure = Callable[[int, Sequence[int], np.random.Generator], list[Step]]


def near(ladder: Sequence[int], pitch: int) -> int:
    """Return the place on a ladder that is nearest to a pitch."""
    return int(np.argmin(np.abs(np.asarray(ladder) - pitch)))


def reflect(place: int, count: int) -> int:
    """Bring a place back onto a ladder of ``count`` rungs, turning round at its ends."""
    period = max(1, 2 * (count - 1))
    place %= period
    return min(place, period - place)


def wander(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """Steps and small leaps, long and short."""
    place, result = near(ladder, pitch), []
    for _ in range(int(rng.integers(3, 10))):
        place += int(rng.choice((-4, -3, -2, -2, -1, -1, -1, 1, 1, 1, 2, 2, 3, 4)))
        place = reflect(place, len(ladder))
        result.append((ladder[place], float(rng.choice((0.5, 1, 1, 1, 2, 2, 3, 4, 6)))))
    return result


def run(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """Part of a scale in even notes."""
    return _even(near(ladder, pitch), int(rng.choice((-1, 1))), ladder, rng)


def chromatic(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """A run by semitones."""
    semitones = range(ladder[0], ladder[-1] + 1)
    return _even(near(semitones, pitch), int(rng.choice((-1, 1))), semitones, rng)


def arpeggio(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """Thirds upon thirds, up or down, and perhaps back."""
    return _even(near(ladder, pitch), int(rng.choice((-2, 2))), ladder, rng)


def sequence(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """A small turn, repeated a step higher or lower each time."""
    turn = [0, *(int(step) for step in rng.integers(-3, 4, int(rng.integers(1, 4))))]
    direction, place = int(rng.choice((-1, 1))), near(ladder, pitch)
    unit = float(rng.choice((0.5, 1, 1)))
    return [
        (ladder[reflect(place + direction * k + step, len(ladder))], unit)
        for k in range(int(rng.integers(2, 5)))
        for step in turn
    ]


def repeated(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """One pitch several times."""
    place = reflect(near(ladder, pitch) + int(rng.integers(-2, 3)), len(ladder))
    unit = float(rng.choice((0.5, 1, 1, 2)))
    return [(ladder[place], unit)] * int(rng.integers(3, 8))


def leaps(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """From one end of the range towards the other and back."""
    place, result = near(ladder, pitch), []
    for _ in range(int(rng.integers(2, 6))):
        place = reflect(place + int(rng.choice((-1, 1)) * rng.integers(4, 12)), len(ladder))
        result.append((ladder[place], float(rng.choice((1, 1, 2, 3)))))
    return result


def held(pitch: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    """A long note or two."""
    place = near(ladder, pitch)
    result = []
    for _ in range(int(rng.integers(1, 3))):
        place = reflect(place + int(rng.integers(-3, 4)), len(ladder))
        result.append((ladder[place], float(rng.uniform(4, 12))))
    return result


def _even(place: int, step: int, ladder: Sequence[int], rng: np.random.Generator) -> list[Step]:
    unit = float(rng.choice((0.5, 0.5, 1, 1, 1)))
    return [
        (ladder[reflect(place + step * k, len(ladder))], unit)
        for k in range(1, int(rng.integers(4, 14)))
    ]


FIGURES: tuple[Figure, ...] = (
    wander, run, chromatic, arpeggio, sequence, repeated, leaps, held,
)  # fmt: skip
#: How often each is drawn.
SHARES = (0.34, 0.16, 0.06, 0.14, 0.1, 0.06, 0.06, 0.08)
