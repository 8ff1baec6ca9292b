"""Figures of one direction of translation, each beside its ceiling and its floor.

A ceiling is what a real render of the target gets from the same measure, a floor what
another piece or the untouched source gets: without them a figure says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.heard import Heard
from umtn_core.evaluation.notes import compare_notes
from umtn_core.evaluation.pitch import Note, PitchTrack, best_lag, compare, from_notes, pool
from umtn_core.evaluation.spectra import envelope_distance
from umtn_core.evaluation.timbre import TimbreClassifier

#: Other pieces that each piece is compared with for a floor.
_OTHERS = 5

Figure = dict[str, Any]


@dataclass(frozen=True)
class Direction:
    """Pieces translated from one domain to another, and what they are judged by.

    Parameters
    ----------
    translations
        What the network made of the sources.
    sources
        Renders of the pieces in the source domain.
    truths
        Renders of the same performances in the target domain.
    notes
        The notes of each performance.
    target
        The target domain.
    examples
        Real renders of the target's instrument as the network was trained on it, for the
        ceilings of timbre; the truths, unless those are of another make.
    """

    translations: Sequence[Heard]
    sources: Sequence[Heard]
    truths: Sequence[Heard]
    notes: Sequence[Sequence[Note]]
    target: str
    examples: Sequence[Heard] = ()

    @property
    def real_targets(self) -> Sequence[Heard]:
        """What the target's timbre really is."""
        return self.examples or self.truths


def measure(
    direction: Direction, classifier: TimbreClassifier, *, polyphonic: bool = False
) -> dict[str, Figure]:
    """Every figure of one direction.

    Parameters
    ----------
    direction
        The audio, piece by piece in one order.
    classifier
        That has learned all domains from real renders.
    polyphonic
        Judge by transcription instead of by a pitch track.

    Returns
    -------
    for each measure ``value``, ``ceiling`` and ``floor`` (None where there is none), and
    for some ``pieces``, the value of each piece alone

    Raises
    ------
    ValueError
        If the pieces do not correspond.
    UmtnError
        If a package that a measure needs is not installed.
    """
    counts = {
        len(each)
        for each in (
            direction.translations,
            direction.sources,
            direction.truths,
            direction.notes,
        )
    }
    if counts == {0} or len(counts) != 1:
        raise ValueError(f"pieces do not correspond: {sorted(counts)}")
    figures = {} if polyphonic else _pitch_figures(direction)
    figures["note_f1"] = _note_f1(direction, polyphonic)
    figures.update(_timbre_figures(direction, classifier))
    return figures


def _pitch_figures(direction: Direction) -> dict[str, Figure]:
    made, sources, truths = (
        [heard.pitch for heard in group]
        for group in (direction.translations, direction.sources, direction.truths)
    )
    played = [
        from_notes(notes, len(truth.hertz))
        for notes, truth in zip(direction.notes, truths, strict=True)
    ]
    figures = {
        name: _agreement(made, truths, field, ceiling=sources, floors=_others(truths))
        for name, field in (
            ("pitch_within_50", "within_50"),
            ("pitch_within_120", "within_120"),
            ("pitch_class_within_50", "chroma"),
            ("voiced", "voiced"),
        )
    }
    for name, reference in (("notes", played), ("source", sources)):
        figures[f"pitch_within_50_of_{name}"] = _agreement(
            made, reference, "within_50", ceiling=truths, floors=_others(truths)
        )
    # How early or late the target's instrument speaks is not a wrong note.
    lag, share = best_lag(*pool(made, truths))
    figures["pitch_within_50_at_best_lag"] = {
        **figure(share, best_lag(*pool(sources, truths))[1]),
        "lag_seconds": round(lag * made[0].hop_seconds, 3),
    }
    return figures


def _agreement(
    made: Sequence[PitchTrack],
    reference: Sequence[PitchTrack],
    field: str,
    *,
    ceiling: Sequence[PitchTrack],
    floors: Sequence[Sequence[PitchTrack]],
) -> Figure:
    """One of `PitchFigures`: of what was made, of something real, and of other pieces."""

    def agree(tracks: Sequence[PitchTrack]) -> float:
        return float(getattr(compare(*pool(tracks, reference)), field))

    pairs = zip(made, reference, strict=True)
    return {
        **figure(agree(made), agree(ceiling), mean([agree(other) for other in floors])),
        "pieces": [_rounded(getattr(compare(one, truth), field)) for one, truth in pairs],
    }


def _note_f1(direction: Direction, polyphonic: bool) -> Figure:
    def transcribed(group: Sequence[Heard]) -> list[Sequence[Note]]:
        return [heard.polyphonic_notes if polyphonic else heard.notes for heard in group]

    def score(estimates: Sequence[Sequence[Note]]) -> float:
        return compare_notes(list(zip(estimates, direction.notes, strict=True))).f1

    truths = transcribed(direction.truths)
    return figure(
        score(transcribed(direction.translations)),
        score(truths),
        mean([score(other) for other in _others(truths)]),
    )


def _timbre_figures(direction: Direction, classifier: TimbreClassifier) -> dict[str, Figure]:
    target = classifier.domains.index(direction.target)
    made, real, sources = direction.translations, direction.real_targets, direction.sources
    kinds = (made, real, sources)
    expected = [len(classifier.probabilities(truth.samples)) for truth in direction.truths]
    tables = [
        _clip_table(classifier, made, expected),
        _clip_table(classifier, real),
        _clip_table(classifier, sources),
    ]
    named = [(t.argmax(axis=1) == target) & t.any(axis=1) for t in tables]

    def to_target_mean(group: Sequence[Heard]) -> float:
        target_mean = classifier.envelopes[direction.target]
        return mean([envelope_distance(heard.envelope, target_mean) for heard in group])

    def to_truths(group: Sequence[Heard]) -> float:
        pairs = zip(group, direction.truths, strict=True)
        return mean([envelope_distance(a.envelope, b.envelope) for a, b in pairs])

    return {
        "named_as_target": figure(*map(mean, named)),
        "probability_of_target": figure(*(mean(table[:, target]) for table in tables)),
        "envelope_db_from_target_mean": figure(*map(to_target_mean, kinds)),
        "envelope_db_from_truth": figure(to_truths(made), 0.0, to_truths(sources)),
    }


def _clip_table(
    classifier: TimbreClassifier, group: Sequence[Heard], expected: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Probabilities of all clips of all pieces: (clips, domains).

    A piece with fewer sounding clips than expected has rows of zeros for the rest: what
    fell silent was not played on the target.
    """
    tables = [classifier.probabilities(heard.samples) for heard in group]
    for k, count in enumerate(expected or []):
        missing = max(0, count - len(tables[k]))
        tables[k] = np.pad(tables[k], ((0, missing), (0, 0)))
    return np.concatenate(tables)


def _others(items: Sequence[Any]) -> list[list[Any]]:
    """Orders in which each piece stands at another's place."""
    turns = range(1, min(_OTHERS, len(items) - 1) + 1)
    return [[*items[places:], *items[:places]] for places in turns]


def mean(values: Sequence[float] | NDArray[Any]) -> float:
    """Mean of numbers; NaN if there are none."""
    return float(np.mean(values)) if len(values) else float("nan")


def figure(value: float, ceiling: float | None = None, floor: float | None = None) -> Figure:
    """A value beside its ceiling and floor, rounded for print; what is not a number is None."""
    return {"value": _rounded(value), "ceiling": _rounded(ceiling), "floor": _rounded(floor)}


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)
