"""What a network was taught to hear."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from umtn_core.errors import UmtnError

#: A pitch as MIDI numbers it: semitones, 69 at 440 Hz; fractions are allowed.
Pitch = Annotated[float, Meta(ge=0, le=127)]


_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_SHIFTS = {"": 0, "#": 1, "b": -1}


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The music that a network was taught with: what lies outside, it has never heard.

    Parameters
    ----------
    lowest, highest
        The range of its notes.
    voices
        The notes that sounded at once, at most; 1, single lines.
    material
        What kind of music it was, in words that follow "was taught": ``single lines of wind
        and string instruments``.
    """

    lowest: Pitch
    highest: Pitch
    voices: Annotated[int, Meta(ge=1, le=1000)]
    material: Annotated[str, Meta(min_length=1, max_length=1000)]

    def __post_init__(self) -> None:
        """Refuse a range that ends before it begins."""
        if self.lowest > self.highest:
            raise ValueError(f"the lowest note, {self.lowest}, is above the highest")

    @property
    def range_in_words(self) -> str:
        """The range, in the names of notes."""
        return f"{note_name(self.lowest)} to {note_name(self.highest)}"


def note_name(pitch: float) -> str:
    """Name the note nearest to a MIDI pitch; C4 is 60."""
    number = round(pitch)
    return f"{_NAMES[number % 12]}{number // 12 - 1}"


def read_range(text: str) -> tuple[int, int]:
    """Read a range of notes, such as ``C4-C6`` or ``Bb2-F#5``.

    Returns
    -------
    lowest, highest : int
        MIDI pitches; C4 is 60.

    Raises
    ------
    UmtnError
        If it is none.
    """
    notes = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d+)-([A-Ga-g])([#b]?)(-?\d+)", text.strip())
    if notes:
        lowest, highest = (
            12 * (int(octave) + 1) + _NAMES.index(letter.upper()) + _SHIFTS[shift]
            for letter, shift, octave in (notes.groups()[:3], notes.groups()[3:])
        )
        if 0 <= lowest <= highest <= 127:
            return lowest, highest
    raise UmtnError(
        f"{text!r} is no range of notes: write the lowest and the highest, such as C4-C6."
    )
