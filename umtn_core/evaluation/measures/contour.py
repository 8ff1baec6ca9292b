"""Distances of pitch as papers on timbre transfer report them.

They are computed as the papers' own programs do, so that figures stand beside published ones, of
what either this package's pitch tracker hears or Basic Pitch. What that leaves to differ is said in
docs/evaluation.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.listening.note import Transcribed
from umtn_core.evaluation.listening.pitch_tracking import HOP_SECONDS, PitchTrack
from umtn_core.evaluation.listening.polyphonic import LOWEST_MIDI

#: Pitch classes of a recording's frames, 0 to 11: int64 array (frames,).
Classes: TypeAlias = NDArray[np.int64]

#: Of so many frames one is warped: 20 to 23 ms are less than a note.
_STEP = 2
#: A key less probable than this does not sound.
LIKELY = 0.15
#: What a recording without any pitch is away from any other: as far as pitch classes can be.
FARTHEST = 11.0
#: MIDI's keys.
KEYS = 128

#: A path's cost is counted above so many bits, its length in them: the least of such sums is the
#: cheapest path and, of several, the shortest.
_LENGTH_BITS = 24


def classes_of_track(pitch: PitchTrack) -> Classes:
    """Pitch classes of a voice's frames, 10 ms apart, those without a pitch left out."""
    midi = pitch.midi[pitch.voiced]
    return np.floor(midi + 0.5).astype(np.int64) % 12


def classes_of_probabilities(sounding: NDArray[np.floating]) -> Classes:
    """Most probable pitch class of each frame, those left out in which no key is likely.

    Parameters
    ----------
    sounding : float array (frames, keys)
        How probable it is that each key sounds, see
        `umtn_core.evaluation.listening.polyphonic.posteriors`.
    """
    order = (np.arange(sounding.shape[1]) + LOWEST_MIDI) % 12
    folded = np.stack([sounding[:, order == each].max(axis=1) for each in range(12)], axis=1)
    return folded.argmax(axis=1)[folded.max(axis=1) > LIKELY].astype(np.int64)


def contour_distances(
    made: Sequence[Classes], references: Sequence[Classes]
) -> NDArray[np.float64]:
    """Distance along the best time warping of two contours of pitch classes, piece by piece.

    The "DPD" of Mancusi et al. (2025): pitch classes 0 to 11 of each frame, the difference of
    two of them as it stands (a B and the C above are 11 apart), and dynamic time warping
    with steps of one frame in either or both; the cost of the best path over its length. Every
    second frame is taken.

    Parameters
    ----------
    made, references
        The pitch classes of each piece, in one order; rests left out.

    Returns
    -------
    float64 array (pieces,)
        0 to 11; `FARTHEST` where either has no pitch.
    """
    pairs = [(a[::_STEP], b[::_STEP]) for a, b in zip(made, references, strict=True)]
    found = np.full(len(pairs), FARTHEST)
    known = [k for k, (a, b) in enumerate(pairs) if len(a) and len(b)]
    if known:
        found[known] = _warped([pairs[k][0] for k in known], [pairs[k][1] for k in known])
    return found


def pitch_jaccard(made: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float:
    """Jaccard distance of the pitches that sound, the mean over frames.

    As Cífka et al. (2021) have it: of the sets of semitones in each frame, one minus what both
    have over what either has; 0 where neither has any.

    Parameters
    ----------
    made, reference : bool arrays (frames, KEYS)
        Which keys sound, see `keys_of_track` and `keys_of_notes`; the shorter one is taken to be
        silent after its end.

    Returns
    -------
    float from 0 to 1; NaN without any frame
    """
    frames = max(len(made), len(reference))
    if not frames:
        return float("nan")
    first, second = (np.pad(each, ((0, frames - len(each)), (0, 0))) for each in (made, reference))
    either = (first | second).sum(axis=1)
    both = (first & second).sum(axis=1)
    return float(np.where(either > 0, 1 - both / np.maximum(either, 1), 0.0).mean())


def pitch_set_jaccard(made: Classes, reference: Classes) -> float:
    """Jaccard distance of the pitch classes that occur anywhere in two recordings.

    The "JD" of Mancusi et al. (2025).

    Parameters
    ----------
    made, reference
        The pitch classes of the two, rests left out.

    Returns
    -------
    float from 0 to 1; NaN where neither has any pitch
    """
    first, second = (set(classes.tolist()) for classes in (made, reference))
    either = first | second
    return 1 - len(first & second) / len(either) if either else float("nan")


def keys_of_track(pitch: PitchTrack) -> NDArray[np.bool_]:
    """Keys that one voice sounds: bool array (frames, KEYS), at most one in each frame."""
    keys = np.zeros((len(pitch.hertz), KEYS), np.bool_)
    voiced = np.flatnonzero(pitch.voiced)
    keys[voiced, np.clip(np.floor(pitch.midi[voiced] + 0.5).astype(int), 0, KEYS - 1)] = True
    return keys


def keys_of_notes(notes: Sequence[Transcribed], seconds: float) -> NDArray[np.bool_]:
    """Keys that sound by a list of notes: bool array (frames, KEYS), 10 ms apart."""
    keys = np.zeros((round(seconds / HOP_SECONDS), KEYS), np.bool_)
    for start, end, midi, *_ in notes:
        first, last = (round(instant / HOP_SECONDS) for instant in (start, end))
        keys[first:last, round(midi)] = True
    return keys


def _warped(
    first: Sequence[NDArray[np.int64]], second: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Mean cost of the best path of each pair, all pairs at once, one diagonal after another."""
    rows, columns = (np.array([len(each) for each in part]) for part in (first, second))
    a, b = _padded(first), _padded(second)
    count, width = a.shape
    # Entry i + 1 is the path to frame i of the first; entry 0 is outside.
    outside = np.int64(1) << 62
    before, last = (np.full((count, width + 1), outside) for _ in range(2))
    ends = np.zeros(count, np.int64)
    for diagonal in range(int((rows + columns).max()) - 1):
        low, high = max(0, diagonal - b.shape[1] + 1), min(width, diagonal + 1)
        cost = np.abs(a[:, low:high] - b[:, diagonal - high + 1 : diagonal - low + 1][:, ::-1])
        here = np.full((count, width + 1), outside)
        reached = np.minimum(last[:, low:high], last[:, low + 1 : high + 1])
        reached = np.minimum(reached, before[:, low:high]) if diagonal else np.zeros_like(cost)
        here[:, low + 1 : high + 1] = reached + (cost << _LENGTH_BITS) + 1
        ended = rows + columns - 2 == diagonal
        ends[ended] = here[ended, rows[ended]]
        before, last = last, here
    return (ends >> _LENGTH_BITS) / (ends & ((1 << _LENGTH_BITS) - 1))


def _padded(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    longest = max(map(len, parts))
    return np.stack([np.pad(each, (0, longest - len(each))) for each in parts])
