"""Moves pieces into an instrument's range, so that all of the range is heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.score import Note

#: A transposition may leave this share of the sounding time outside the range; those
#: notes are moved by octaves. Without it wide tunes could not be transposed at all.
_FOLDABLE = 0.1


def fit_to_range(
    notes: list[Note],
    pitch: tuple[int, int],
    heard: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[Note]:
    """Transpose notes into a range, to where least has been heard.

    Tunes crowd into a few keys. Choosing at random among the three transpositions that
    best even out what was heard so far spreads them over the whole range.

    Parameters
    ----------
    notes
        The notes of one piece.
    pitch
        Lowest and highest MIDI pitch.
    heard : float64, shape (128,)
        Seconds of each pitch so far.
    rng
        Source of the choice.

    Returns
    -------
    the notes transposed, the few outside moved by octaves; empty if they cannot fit
    """
    if not notes:
        return []
    low, high = pitch
    pitches = np.array([n.pitch for n in notes])
    lengths = np.array([n.duration for n in notes])
    lengths = lengths / lengths.sum()
    options: list[tuple[float, int]] = []
    for shift in range(low - int(pitches.max()), high - int(pitches.min()) + 1):
        moved = pitches + shift
        outside = (moved < low) | (moved > high)
        if lengths[outside].sum() > _FOLDABLE:
            continue
        folded = _fold(moved, low, high)
        if folded is None:
            continue
        weight = np.bincount(folded, weights=lengths, minlength=128)
        # Lower where the piece adds to pitches already heard much; folding costs a little.
        cost = float(weight @ (heard / max(heard.sum(), 1.0))) + 0.02 * lengths[outside].sum()
        options.append((cost, shift))
    if not options:
        return []
    options.sort()
    shift = options[int(rng.integers(min(3, len(options))))][1]
    folded = _fold(pitches + shift, low, high)
    assert folded is not None
    return [Note(n.onset, n.duration, int(p)) for n, p in zip(notes, folded, strict=True)]


def _fold(pitches: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64] | None:
    """Move pitches into the range by octaves; None if the range has no such pitch."""
    folded = pitches.copy()
    folded = np.where(folded < low, folded + 12 * -((folded - low) // 12), folded)
    folded = np.where(folded > high, folded - 12 * -((high - folded) // 12), folded)
    return folded if bool(np.all((folded >= low) & (folded <= high))) else None
