"""How far two pitch tracks agree: the share of frames at the right pitch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.evaluation.listening.note import Note
from umtn_core.evaluation.listening.pitch_tracking import HOP_SECONDS, PitchTrack

Pitches: TypeAlias = PitchTrack | ArrayLike


@dataclass(frozen=True)
class PitchFigures:
    """Agreement of an estimated pitch track with a reference.

    All shares are of the frames where the *reference* has a pitch; a frame without
    an estimate counts as wrong, never as missing.

    Parameters
    ----------
    within_20, within_50, within_120
        Share within 20 cents (in tune to the ear), 50 (the right semitone) and 120.
    chroma
        Share within 50 cents of the right pitch class, in whatever octave.
    voiced
        Share where the estimate has any pitch.
    frames
        The number of frames where the reference has a pitch.
    """

    within_20: float
    within_50: float
    within_120: float
    chroma: float
    voiced: float
    frames: int


def share_within(
    estimate: Pitches, reference: Pitches, cents: float = 50.0, *, chroma: bool = False
) -> float:
    """Share of the reference's voiced frames where the estimate has the same pitch.

    Parameters
    ----------
    estimate, reference
        Pitch tracks, or arrays (frames,) of hertz with 0 for no pitch, on one grid.
        Where the estimate is shorter, the rest counts as unvoiced.
    cents
        Largest difference that counts as the same, in hundredths of a semitone.
    chroma
        Whether any octave of the right pitch counts.

    Returns
    -------
    float between 0 and 1; NaN if the reference has no pitch anywhere
    """
    guess, truth = _on_one_grid(estimate, reference)
    judged = truth > 0
    if not judged.any():
        return float("nan")
    return float((_distance(guess[judged], truth[judged], chroma) < cents).mean())


def compare(estimate: Pitches, reference: Pitches) -> PitchFigures:
    """Compute every figure of agreement at once.

    Parameters
    ----------
    estimate, reference
        The two pitches, given as to `share_within`.
    """
    guess, truth = _on_one_grid(estimate, reference)
    judged = truth > 0
    return PitchFigures(
        within_20=share_within(guess, truth, 20.0),
        within_50=share_within(guess, truth, 50.0),
        within_120=share_within(guess, truth, 120.0),
        chroma=share_within(guess, truth, 50.0, chroma=True),
        voiced=float((guess[judged] > 0).mean()) if judged.any() else float("nan"),
        frames=int(judged.sum()),
    )


def best_lag(
    estimate: Pitches, reference: Pitches, cents: float = 50.0, most: int = 10
) -> tuple[int, float]:
    """Find the constant delay at which the estimate agrees best.

    Instruments speak late, each by its own 20 to 60 ms: this tells that from wrong notes.

    Parameters
    ----------
    estimate, reference, cents
        The two pitches and the largest difference, given as to `share_within`.
    most
        The longest delay tried, in frames, either way.

    Returns
    -------
    frames by which the estimate is late (negative if early), and the share at that delay
    """
    guess, truth = _on_one_grid(estimate, reference)
    padded = np.pad(guess, most)
    shares = {
        lag: share_within(padded[most + lag :][: len(truth)], truth, cents)
        for lag in sorted(range(-most, most + 1), key=abs)
    }
    lag = max(shares, key=shares.__getitem__)
    return lag, shares[lag]


def from_notes(notes: Iterable[Note], frames: int, hop_seconds: float = HOP_SECONDS) -> PitchTrack:
    """Pitch track of a monophonic note list, as a reference for a render of it.

    Parameters
    ----------
    notes
        The notes, ``[start_s, end_s, midi_pitch, ...]`` each. Of overlapping notes the later wins.
    frames
        The length of the track.
    hop_seconds
        The time between frames.
    """
    hertz = np.zeros(frames)
    for start, end, pitch, *_ in sorted(notes, key=lambda note: note[0]):
        first, last = (int(np.ceil(instant / hop_seconds)) for instant in (start, end))
        hertz[max(first, 0) : max(last, 0)] = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    return PitchTrack(hertz, (hertz > 0).astype(np.float64), hop_seconds)


def pool(
    estimates: Sequence[Pitches], references: Sequence[Pitches]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Several pieces end to end, so that every frame of them all weighs the same.

    Parameters
    ----------
    estimates, references
        A track for each piece, in one order. Each estimate is brought to the length of its
        reference.

    Returns
    -------
    hertz of all estimates and of all references, both float64 (frames,)
    """
    pairs = [_on_one_grid(a, b) for a, b in zip(estimates, references, strict=True)]
    guess, truth = ([pair[k] for pair in pairs] or [np.zeros(0)] for k in (0, 1))
    return np.concatenate(guess), np.concatenate(truth)


def _hertz(pitches: Pitches) -> NDArray[np.float64]:
    values = pitches.hertz if isinstance(pitches, PitchTrack) else pitches
    return np.asarray(values, np.float64)


def _on_one_grid(
    estimate: Pitches, reference: Pitches
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if (
        isinstance(estimate, PitchTrack)
        and isinstance(reference, PitchTrack)
        and not np.isclose(estimate.hop_seconds, reference.hop_seconds)
    ):
        raise ValueError("the two pitch tracks are on different time grids")
    guess, truth = _hertz(estimate), _hertz(reference)
    missing = max(0, len(truth) - len(guess))
    return np.pad(guess, (0, missing))[: len(truth)], truth


def _distance(
    guess: NDArray[np.float64], truth: NDArray[np.float64], chroma: bool
) -> NDArray[np.float64]:
    """Absolute distance in cents; infinite where there is no guess."""
    voiced = guess > 0
    cents = np.full(guess.shape, np.inf)
    cents[voiced] = 1200.0 * np.log2(guess[voiced] / truth[voiced])
    if chroma:
        cents[voiced] = (cents[voiced] + 600.0) % 1200.0 - 600.0
    return np.abs(cents)
