"""Makes up one piece: a line, or a texture, somewhere in an instrument's range."""

from __future__ import annotations

import numpy as np

from umtn_core.data.synth.invention.key import draw_key
from umtn_core.data.synth.invention.line import always, draw_manner, invent_line
from umtn_core.data.synth.invention.textures import SHARES, TEXTURES
from umtn_core.data.synth.performance import Performance, PlayedNote

#: Raised when what is made up changes, so that old audio is made again.
VERSION = 1
#: Time after the last note's end for its release.
_TAIL_S = 0.6
#: Voices that may sound at once.
MOST_VOICES = 5
_GAP_S = 0.004


def invent(
    seconds: float, pitch: tuple[int, int], *, is_line: bool, rng: np.random.Generator
) -> Performance:
    """Make up a piece.

    Parameters
    ----------
    seconds
        Its length; the last note ends a little earlier.
    pitch
        Lowest and highest MIDI pitch.
    is_line
        Whether a single line is wanted; otherwise a texture of two to five voices.
    rng
        Source of everything random.

    Returns
    -------
    Performance without curves
    """
    start, end = float(rng.uniform(0.05, 0.4)), seconds - _TAIL_S
    notes: list[PlayedNote] = []
    while start < end - 1.0:
        # Long pieces have parts that differ in manner, key and place.
        until = min(end, start + float(rng.uniform(8, 20)))
        if until > end - 3:
            until = end
        if is_line:
            low, high = _part_of(pitch, int(rng.integers(12, 30)), rng)
            key = draw_key(rng)
            rungs = key.ladder(low, high)
            notes += invent_line(start, until, always(rungs), draw_manner(rng), rng)
        else:
            low, high = _part_of(pitch, int(rng.integers(20, 50)), rng)
            texture = TEXTURES[int(rng.choice(len(TEXTURES), p=SHARES))]
            notes += texture(start, until, low, high, rng)
        start = until + float(rng.choice((0.0, 0.1, 0.4, 1.0)))
    if not is_line:
        notes = _playable(notes, end, pitch)
    return Performance(notes, seconds, is_line)


def _part_of(pitch: tuple[int, int], width: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return a part of a range, its ends as likely as its middle."""
    low, high = pitch
    # A part that hangs over an end is cut there, or else the ends would be rare.
    middle = rng.uniform(low, high)
    bottom = int(np.clip(round(middle - width / 2), low, max(low, high - 12)))
    return bottom, int(min(high, max(bottom + 12, round(middle + width / 2))))


def _playable(notes: list[PlayedNote], end: float, pitch: tuple[int, int]) -> list[PlayedNote]:
    """Keep one pitch from sounding twice, more voices than there may be, and late notes."""
    result: list[PlayedNote] = []
    for note in sorted(notes, key=lambda n: (n.start, n.pitch)):
        if note.start > end - 0.05 or not pitch[0] <= note.pitch <= pitch[1]:
            continue
        sounding = [k for k, n in enumerate(result) if n.end > note.start - _GAP_S]
        if any(result[k].pitch == note.pitch and note.start - result[k].start < 0.06
               for k in sounding):  # fmt: skip
            continue
        ending = [k for k in sounding if result[k].pitch == note.pitch]
        others = [k for k in sounding if k not in ending]
        if len(others) >= MOST_VOICES:
            # The one that began first gives way, unless it has only just begun.
            if note.start - result[others[0]].start < 0.06:
                continue
            ending.append(others[0])
        for k in ending:
            old = result[k]
            result[k] = PlayedNote(old.start, note.start - _GAP_S, old.pitch, old.velocity)
        result.append(PlayedNote(note.start, min(note.end, end), note.pitch, note.velocity))
    return result
