"""A score as notes, with its licence."""

from __future__ import annotations

import msgspec


class Note(msgspec.Struct, frozen=True, array_like=True):
    """A note as written: onset and duration in quarter notes, and MIDI pitch."""

    onset: float
    duration: float
    pitch: int


class Score(msgspec.Struct, frozen=True):
    """One piece.

    Parameters
    ----------
    name
        ``<collection>/<file>#<number>``; unique and stable.
    title, licence, credits
        What the file says of itself; the corpus's statement where it says nothing.
    bar
        Length of a bar in quarter notes.
    notes
        Sorted by onset, then pitch; ties joined, grace notes left out.
    """

    name: str
    title: str
    licence: str
    credits: str | None
    bar: float
    notes: list[Note]


class Unread(msgspec.Struct, frozen=True):
    """A score that could not be read, and why."""

    name: str
    reason: str


class Parsed(msgspec.Struct, frozen=True):
    """What one file of scores held."""

    scores: list[Score]
    unread: list[Unread]
