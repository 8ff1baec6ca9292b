"""Note accuracy: how many of the notes played an independent transcriber finds again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.note import Note

#: A slow bow speaks 50 ms late; MIREX's usual bound would call its every onset wrong.
ONSET_SECONDS = 0.100


@dataclass(frozen=True)
class NoteFigures:
    """Agreement of transcribed notes with those played, onset and pitch, offsets ignored.

    Parameters
    ----------
    precision, recall, f1
        The shares of notes found that were played and of notes played that were found, and their
        harmonic mean: 0 to 1.
    played, found
        The numbers of notes in the reference and in the estimate.
    """

    precision: float
    recall: float
    f1: float
    played: int
    found: int


def compare_notes(pieces: Sequence[tuple[Sequence[Note], Sequence[Note]]]) -> NoteFigures:
    """Match notes one to one, and count over all pieces together.

    Notes match whose onsets lie within `ONSET_SECONDS` and whose pitches agree to 50 cents.

    Parameters
    ----------
    pieces
        The two lists ``(estimate, reference)`` of each piece; notes are ``(start_s, end_s, midi,
        ...)``.

    Raises
    ------
    UmtnError
        If mir_eval is not installed.
    """
    try:
        from mir_eval.transcription import match_notes
    except ImportError:
        raise UmtnError("Note figures need mir_eval: run `pip install 'umtn[evaluate]'`.") from None
    matched = played = found = 0
    for estimate, reference in pieces:
        played += len(reference)
        found += len(estimate)
        if len(estimate) and len(reference):
            matched += len(
                match_notes(
                    *_arrays(reference),
                    *_arrays(estimate),
                    onset_tolerance=ONSET_SECONDS,
                    offset_ratio=None,
                )
            )
    precision = matched / found if found else 0.0
    recall = matched / played if played else 0.0
    f1 = 2.0 * matched / (found + played) if found + played else float("nan")
    return NoteFigures(precision, recall, f1, played, found)


def _arrays(notes: Sequence[Note]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = np.array([note[:3] for note in notes], np.float64)
    # mir_eval refuses notes without length.
    table[:, 1] = np.maximum(table[:, 1], table[:, 0] + 1e-3)
    return table[:, :2], 440.0 * 2.0 ** ((table[:, 2] - 69.0) / 12.0)
