"""How deep the vibrato of a single voice is, and how much of a reference's comes back.

Vibrato of voices and strings goes 4 to 8 times a second (Prame, 1994); what is slower is a glide or
an intonation that drifts, what is faster is the tracker's unrest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.listening.note import Note
from umtn_core.evaluation.listening.pitch_tracking import PitchTrack

#: The band that is listened to, in hertz.
SLOWEST, FASTEST = 3.0, 9.0
#: Notes shorter than this have no vibrato that could be told from its absence, in seconds.
SHORTEST_SECONDS = 0.4
#: A reference with less has none that could come back, in cents.
LEAST_CENTS = 5.0

#: From one frame of 10 ms to the next, a note that goes on moves less, in cents.
_LEAP_CENTS = 60.0
#: Over fewer turns a vibrato cannot be told from a wrong note.
_FEWEST_TURNS = 5
#: So near its ends a note comes from another one, or goes to it.
_EDGE_SECONDS = 0.050
#: Farther apart than this, two tracks do not play the same note, in cents.
_APART_CENTS = 150.0


def vibrato_depth(pitch: PitchTrack) -> float:
    """Depth of the vibrato within notes, in cents.

    Parameters
    ----------
    pitch
        The pitch track of one voice.

    Returns
    -------
    float
        Standard deviation of the pitch within notes between `SLOWEST` and `FASTEST` Hz, in cents:
        0.71 of the amplitude of an even vibrato. NaN where no note is long enough.
    """
    cents = _cents(pitch.hertz)
    return _depth(cents, _notes(np.isfinite(cents), [cents], pitch.hop_seconds), pitch.hop_seconds)


def vibrato_ratio(estimate: PitchTrack, reference: PitchTrack) -> float:
    """Depth of a voice's vibrato as a share of another's, where both play the same notes.

    Parameters
    ----------
    estimate, reference
        Tracks with one hop; the longer one is cut.

    Returns
    -------
    float
        1 where as deep. NaN where they have no long notes together, or the reference has less
        than `LEAST_CENTS`.
    """
    made, true = vibrato_depths(estimate, reference)
    return made / true if true >= LEAST_CENTS else float("nan")


def vibrato_depths(
    estimate: PitchTrack, reference: PitchTrack, notes: Sequence[Note] | None = None
) -> tuple[float, float]:
    """Depth of the vibrato of two voices in cents, where both play the same notes.

    Parameters
    ----------
    estimate, reference
        Tracks with one hop; the longer one is cut.
    notes
        The notes, inside of which it is looked for; without them, wherever no pitch leaps, which
        takes a slur of a semitone for a swing.

    Returns
    -------
    two floats
        Of the estimate and of the reference, as `vibrato_depth` gives them. NaN where they have no
        long notes together.
    """
    frames = min(len(estimate.hertz), len(reference.hertz))
    hop = reference.hop_seconds
    made, true = (_cents(pitch.hertz[:frames]) for pitch in (estimate, reference))
    with np.errstate(invalid="ignore"):
        together = np.abs(made - true) < _APART_CENTS
    if notes is not None:
        inside = np.zeros(frames, np.bool_)
        for start, end, *_ in notes:
            inside[round((start + _EDGE_SECONDS) / hop) : round((end - _EDGE_SECONDS) / hop)] = True
        together &= inside
    both = _notes(together, [made, true], hop)
    return _depth(made, both, hop), _depth(true, both, hop)


def vibrato_share(made: PitchTrack, plain: PitchTrack, hertz: float, cents: float) -> float:
    """Depth of a vibrato of known rate, as a share of what the music was given.

    What the music does by itself is taken out, so that short notes do as well as long ones.

    Parameters
    ----------
    made
        The pitch track of what was made of the music with the vibrato.
    plain
        The pitch track of the music before it was given one, with the same hop.
    hertz
        The rate of the vibrato.
    cents
        The vibrato's depth to either side of the note.

    Returns
    -------
    float
        0 without any swing of that rate; NaN where the two seldom play the same notes.
    """
    frames = min(len(made.hertz), len(plain.hertz))
    swing = _cents(made.hertz[:frames]) - _cents(plain.hertz[:frames])
    with np.errstate(invalid="ignore"):
        together = np.flatnonzero(np.abs(swing) < _APART_CENTS)
    if len(together) * plain.hop_seconds < _FEWEST_TURNS / hertz:
        return float("nan")
    turns = 2 * np.pi * hertz * plain.hop_seconds * together
    waves = np.stack([np.sin(turns), np.cos(turns), np.ones(len(turns))], axis=1)
    sine, cosine, _ = np.linalg.lstsq(waves, swing[together], rcond=None)[0]
    return float(np.hypot(sine, cosine)) / cents


def _cents(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pitch in cents, NaN where there is none."""
    cents = np.full(len(hertz), np.nan)
    voiced = hertz > 0
    cents[voiced] = 1200 * np.log2(hertz[voiced] / 440)
    return cents


def _notes(
    present: NDArray[np.bool_], tracks: Sequence[NDArray[np.float64]], hop_seconds: float
) -> list[slice]:
    """Long stretches that are present and in which no track leaps."""
    if not len(present):
        return []
    goes_on = present[1:] & present[:-1]
    with np.errstate(invalid="ignore"):
        for cents in tracks:
            goes_on &= np.abs(np.diff(cents)) < _LEAP_CENTS * hop_seconds / 0.010
    bounds = [0, *(np.flatnonzero(~goes_on) + 1), len(present)]
    shortest = round(SHORTEST_SECONDS / hop_seconds)
    pieces = (slice(int(a), int(b)) for a, b in pairwise(bounds))
    return [piece for piece in pieces if piece.stop - piece.start >= max(3, shortest)]


def _depth(cents: NDArray[np.float64], notes: Sequence[slice], hop_seconds: float) -> float:
    """Standard deviation over all frames of some notes together."""
    if not notes:
        return float("nan")
    swings = np.concatenate([_band_passed(cents[note], hop_seconds) for note in notes])
    return float(np.sqrt((swings**2).mean()))


def _band_passed(cents: NDArray[np.float64], hop_seconds: float) -> NDArray[np.float64]:
    """What of a note's pitch lies in the band."""
    count = len(cents)
    line = np.polyval(np.polyfit(np.arange(count), cents, 1), np.arange(count))
    swing = cents - line
    # Turned about both ends, so that there is no step where the transform wraps round.
    turned = np.concatenate([-swing[::-1], swing, -swing[::-1]])
    spectrum = np.fft.rfft(turned)
    hertz = np.fft.rfftfreq(len(turned), hop_seconds)
    spectrum[(hertz < SLOWEST) | (hertz > FASTEST)] = 0
    return np.fft.irfft(spectrum, len(turned))[count : 2 * count]
