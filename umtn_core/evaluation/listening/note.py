"""What a note is: one that was played, and one that was heard."""

from __future__ import annotations

from collections.abc import Sequence

#: A note that was played: start in seconds, end in seconds, MIDI pitch, then anything (velocity).
Note = Sequence[float]
#: A note that was heard: start in seconds, end in seconds, MIDI pitch (whole).
Transcribed = tuple[float, float, int]
