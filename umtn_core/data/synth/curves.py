"""What changes while notes sound: pitch, loudness and the pedal, as curves in time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Points a second.
CONTROL_RATE = 100


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of a performance, `CONTROL_RATE` points a second from its start.

    Parameters
    ----------
    bend : float32, shape (points,)
        Semitones above the notes' pitches, the tuning included.
    gain : float32, shape (points,)
        Linear, 0 to 1; 1 leaves the notes as loud as their velocities say.
    pedal : bool, shape (points,)
        Whether the sustain pedal is down.
    tuning
        Semitones above concert pitch of the whole piece.
    """

    bend: NDArray[np.float32]
    gain: NDArray[np.float32]
    pedal: NDArray[np.bool_]
    tuning: float = 0.0

    def as_played_by(self, abilities: Collection[str]) -> Curves:
        """Return what is left of the curves on an instrument of these abilities.

        Parameters
        ----------
        abilities
            What the instrument can do, out of ``bend``, ``swell`` and ``pedal``; any can be tuned.
        """
        played = self
        if "bend" not in abilities:
            played = replace(played, bend=np.full_like(self.bend, self.tuning))
        if "swell" not in abilities:
            played = replace(played, gain=np.ones_like(self.gain))
        if "pedal" not in abilities:
            played = replace(played, pedal=np.zeros_like(self.pedal))
        return played


def flat(seconds: float, tuning: float = 0.0) -> Curves:
    """Return curves that change nothing but the tuning, as long as a performance."""
    points = points_of(seconds)
    return Curves(
        np.full(points, tuning, np.float32),
        np.ones(points, np.float32),
        np.zeros(points, np.bool_),
        tuning,
    )


def points_of(seconds: float) -> int:
    """Return how many points the curves of a performance have."""
    return int(np.ceil(seconds * CONTROL_RATE)) + 1


def bend_at(
    curves: Curves, seconds: NDArray[np.float64], start: float, following: float = np.inf
) -> NDArray[np.float64]:
    """Return the bend of one note, at some times.

    A note's points begin with the last one at or before its onset and end before those of the
    note that follows: where one pitch glides from another, the curve jumps between them.

    Parameters
    ----------
    curves
        The curves of the performance.
    seconds : float64, any shape
        Times from the start of the performance.
    start
        Onset of the note, in seconds.
    following
        Onset of the next note, if it has a bend of its own.
    """
    first, last = int(start * CONTROL_RATE), len(curves.bend) - 1
    if following < np.inf:
        last = min(last, max(first, int(following * CONTROL_RATE) - 1))
    at = np.clip(seconds * CONTROL_RATE, first, last)
    return np.interp(at, np.arange(len(curves.bend)), curves.bend)
