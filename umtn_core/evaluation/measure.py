"""Figures of one direction of translation, each beside its ceiling and its floor.

A ceiling is what a real render of the target gets from the same measure, a floor what
another piece or the untouched source gets: without them a figure says little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from umtn_core.evaluation.heard import Heard
from umtn_core.evaluation.notes import compare_notes
from umtn_core.evaluation.pitch import Note, best_lag, compare, from_notes, join
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
    figures: dict[str, Figure] = {}
    names = {"within_50": "pitch_within_50", "within_120": "pitch_within_120"}
    value, ceiling = compare(join(made), join(truths)), compare(join(sources), join(truths))
    floors = [compare(join(_turned(made, k)), join(truths)) for k in _turns(len(made))]
    for field, name in {**names, "chroma": "pitch_class_within_50", "voiced": "voiced"}.items():
        others = [getattr(floor, field) for floor in floors]
        figures[name] = _figure(getattr(value, field), getattr(ceiling, field), _mean(others))
    for field, name in names.items():
        pieces = zip(made, truths, strict=True)
        figures[name]["pieces"] = [_rounded(getattr(compare(a, b), field)) for a, b in pieces]

    played = [
        from_notes(notes, len(truth.hertz))
        for notes, truth in zip(direction.notes, truths, strict=True)
    ]
    figures["pitch_within_50_of_notes"] = _figure(
        compare(join(made), join(played)).within_50,
        compare(join(truths), join(played)).within_50,
        _mean([compare(join(_turned(made, k)), join(played)).within_50 for k in _turns(len(made))]),
    )
    figures["pitch_within_50_of_source"] = _figure(
        compare(join(made), join(sources)).within_50,
        compare(join(truths), join(sources)).within_50,
        _mean(
            [compare(join(_turned(made, k)), join(sources)).within_50 for k in _turns(len(made))]
        ),
    )
    lag, share = best_lag(join(made), join(truths))
    figures["pitch_within_50_at_best_lag"] = _figure(share, best_lag(join(sources), join(truths))[1])
    figures["pitch_within_50_at_best_lag"]["lag_seconds"] = round(lag * made[0].hop_seconds, 3)
    return figures


def _note_f1(direction: Direction, polyphonic: bool) -> Figure:
    def transcribed(group: Sequence[Heard]) -> list[Sequence[Note]]:
        return [heard.polyphonic_notes if polyphonic else heard.notes for heard in group]

    def score(estimates: Sequence[Sequence[Note]]) -> float:
        return compare_notes(list(zip(estimates, direction.notes, strict=True))).f1

    made = transcribed(direction.translations)
    return _figure(
        score(made),
        score(transcribed(direction.truths)),
        _mean([score(_turned(made, k)) for k in _turns(len(made))]),
    )


def _timbre_figures(direction: Direction, classifier: TimbreClassifier) -> dict[str, Figure]:
    target = classifier.domains.index(direction.target)
    kinds = (direction.translations, direction.real_targets, direction.sources)

    def over_clips(statistic: Callable[[Any], Any]) -> list[float]:
        """The mean over all clips, for what was made, for the real thing and the source."""
        means = []
        for group in kinds:
            tables = [classifier.probabilities(heard.samples) for heard in group]
            table = np.concatenate(tables)
            means.append(float(statistic(table).mean()) if len(table) else float("nan"))
        return means

    def to_mean_envelope(group: Sequence[Heard]) -> float:
        mean = classifier.envelopes[direction.target]
        return _mean([envelope_distance(heard.envelope, mean) for heard in group])

    def to_truths(group: Sequence[Heard]) -> float:
        pairs = zip(group, direction.truths, strict=True)
        return _mean([envelope_distance(a.envelope, b.envelope) for a, b in pairs])

    made = direction.translations
    return {
        "named_as_target": _figure(*over_clips(lambda table: table.argmax(axis=1) == target)),
        "probability_of_target": _figure(*over_clips(lambda table: table[:, target])),
        "envelope_db_from_target_mean": _figure(*map(to_mean_envelope, kinds)),
        "envelope_db_from_truth": _figure(to_truths(made), 0.0, to_truths(direction.sources)),
    }


def _turns(count: int) -> range:
    """By how many places pieces are shifted to be compared with others."""
    return range(1, min(_OTHERS, count - 1) + 1)


def _turned(items: Sequence[Any], places: int) -> list[Any]:
    return [*items[places:], *items[:places]]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _figure(value: float, ceiling: float, floor: float = float("nan")) -> Figure:
    return {"value": _rounded(value), "ceiling": _rounded(ceiling), "floor": _rounded(floor)}


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
