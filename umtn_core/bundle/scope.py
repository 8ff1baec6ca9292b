"""What a network was taught to hear."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

#: A pitch as MIDI numbers it: semitones, 69 at 440 Hz; fractions are allowed.
Pitch = Annotated[float, Meta(ge=0, le=127)]


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The music that a network was taught with: what lies outside, it has never heard.

    Parameters
    ----------
    lowest, highest
        The range of its notes.
    voices
        The notes that sounded at once, at most; 1, single lines.
    material
        What kind of music it was, in words that follow "is taught": ``single lines of wind and
        string instruments``.
    """

    lowest: Pitch
    highest: Pitch
    voices: Annotated[int, Meta(ge=1)]
    material: Annotated[str, Meta(min_length=1)]
