"""The phrase that previews play: a figure that rises to a held note, where instruments are at home.

It is made of plain harmonics, so that what is heard in a preview is the model's and nobody else's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle.scope import Scope

#: Counts up when the phrase becomes another one.
VERSION = 1
RATE = 48_000

#: Seconds at which each note begins, semitones above the first, and its length in seconds.
_NOTES = ((0.1, 0, 0.34), (0.42, 4, 0.34), (0.74, 7, 0.34), (1.06, 12, 2.0))
_SECONDS = 3.5

#: MIDI pitches in the middle of what instruments usually play, by words in their names; of names
#: with several words the last counts.
_MIDDLES = {
    "piccolo": 86, "flute": 77, "recorder": 76, "oboe": 72, "clarinet": 68, "horn": 60,
    "bassoon": 52, "saxophone": 64, "sax": 64, "trumpet": 69, "cornet": 68, "trombone": 54,
    "tuba": 42, "violin": 74, "fiddle": 74, "viola": 65, "cello": 55, "violoncello": 55,
    "contrabass": 43, "bass": 43, "guitar": 59, "harp": 65, "piano": 66, "organ": 65,
    "harpsichord": 65, "voice": 64, "soprano": 74, "alto": 67, "tenor": 60, "baritone": 55,
}  # fmt: skip
_USUAL = 66

_HARMONICS = 12
_ATTACK, _RELEASE = 0.05, 0.08
#: Of the held note: cycles a second, semitones either way, and seconds until it has come up.
_VIBRATO, _DEPTH, _COMES = 5.5, 0.3, 0.8
_PEAK = 0.3


def phrase(target: str, scope: Scope | None) -> NDArray[np.float32]:
    """Play the phrase.

    Parameters
    ----------
    target
        The instrument's name.
    scope
        What the model was taught, in whose range all notes lie; None, where nobody knows.

    Returns
    -------
    float32 array (1, samples)
        At `RATE`.
    """
    audio = np.zeros(round(_SECONDS * RATE))
    pitches = notes(target, scope)
    for (begin, _, seconds), pitch in zip(_NOTES, pitches, strict=True):
        note = _note(pitch, seconds, is_held=seconds > 1)
        first = round(begin * RATE)
        audio[first : first + len(note)] += note
    return (audio * (_PEAK / np.abs(audio).max()))[None].astype(np.float32)


def notes(target: str, scope: Scope | None) -> list[float]:
    """Choose the MIDI pitches of the phrase, where the instrument and the model are at home."""
    highest = max(steps for _, steps, _ in _NOTES)
    first = float(_middle(target) - highest // 2)
    if scope is None:
        return [first + steps for _, steps, _ in _NOTES]
    first = max(scope.lowest, min(first, scope.highest - highest))
    # In a range of less than an octave the figure ends where that does.
    return [min(first + steps, scope.highest) for _, steps, _ in _NOTES]


def _middle(target: str) -> int:
    words = "".join(c if c.isalpha() else " " for c in target.lower()).split()
    return next((_MIDDLES[word] for word in reversed(words) if word in _MIDDLES), _USUAL)


def _note(pitch: float, seconds: float, *, is_held: bool) -> NDArray[np.float64]:
    time = np.arange(round(seconds * RATE)) / RATE
    depth = _DEPTH * np.clip((time - _ATTACK) / _COMES, 0, 1) if is_held else 0.0
    bent = pitch + depth * np.sin(2 * np.pi * _VIBRATO * time)
    hertz = 440 * 2 ** ((bent - 69) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    tone = np.zeros_like(time)
    for k in range(1, _HARMONICS + 1):
        if k * hertz.max() < RATE / 2:
            tone += np.sin(k * phase) / k**1.3
    swell = np.clip(time / _ATTACK, 0, 1) * np.clip((seconds - time) / _RELEASE, 0, 1)
    shape = 0.5 - 0.5 * np.cos(np.pi * swell)
    return np.asarray(tone * shape)
