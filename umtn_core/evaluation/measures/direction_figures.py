"""Figures of one direction of translation, each beside its ceiling and its floor.

A ceiling is what a real render gets from the same measure, a floor what another piece or the
untouched source gets: without them a figure says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.listening.note import Note
from umtn_core.evaluation.listening.polyphonic import installed as basic_pitch_installed
from umtn_core.evaluation.measures import group_measures
from umtn_core.evaluation.measures.group_measures import Group, Shares, lag_frames
from umtn_core.evaluation.measures.share import Figure, Share, figure, rounded
from umtn_core.evaluation.measures.timbre import TimbreClassifier

#: Other pieces that each piece is compared with.
_OTHERS = 3

#: What the ceiling and the floor of each measure are got from.
REFERENCES = {
    "note_f1": ("truth", "another_piece"),
    "note_f1_basic_pitch": ("truth", "another_piece"),
    "pitch_within_50": ("source", "another_piece"),
    "pitch_within_120": ("source", "another_piece"),
    "pitch_class_within_50": ("source", "another_piece"),
    "pitch_within_50_at_best_lag": ("source", "another_piece"),
    "pitch_within_50_of_notes": ("truth", "another_piece"),
    "pitch_within_50_of_source": ("truth", "another_piece"),
    "voiced": ("source", "another_piece"),
    "chroma_correlation": ("truth", "another_piece"),
    "chroma_dtw": ("truth", "another_piece"),
    "pitch_ncc": ("truth", "another_piece"),
    "pitch_dtw": ("truth", "another_piece"),
    "onset_f1": ("truth", "another_piece"),
    "onset_deviation_ms": ("truth", "another_piece"),
    "tempo_within_4": ("truth", "another_piece"),
    "swell_slope": ("truth", "another_piece"),
    "loudness_correlation": ("truth", "another_piece"),
    "vibrato_ratio": ("truth", "played_straight"),
    "pitch_within_20_of_source": ("truth", "another_piece"),
    "tuning_offset_cents": ("truth", "another_piece"),
    "rest_dbfs": ("truth", "another_piece"),
    "rest_after_ms": ("truth", "another_piece"),
    "pitch_contour_distance": ("truth", "another_piece"),
    "pitch_set_jaccard": ("truth", "another_piece"),
    "pitch_contour_distance_basic_pitch": ("truth", "another_piece"),
    "pitch_set_jaccard_basic_pitch": ("truth", "another_piece"),
    "pitch_jaccard": ("truth", "another_piece"),
    "named_as_target": ("example", "source"),
    "probability_of_target": ("example", "source"),
    "envelope_db_from_target_mean": ("example", "source"),
    "envelope_db_from_truth": ("truth", "source"),
    "stft_distance": ("truth", "another_piece"),
    "clipped": ("truth", None),
    "noise_floor_db": ("truth", None),
    "harmonics_over_rest_db": ("truth", None),
}
#: Measures whose value as a share of the ceiling is worth saying.
_SHARES = ("note_f1", "note_f1_basic_pitch")


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


def measure(
    direction: Direction,
    classifier: TimbreClassifier,
    *,
    polyphonic: bool = False,
    seed: int = 0,
) -> dict[str, Figure]:
    """Every figure of one direction.

    Parameters
    ----------
    direction
        The audio, piece by piece in one order.
    classifier
        A classifier that has learned all domains from real renders.
    polyphonic
        Whether to judge by transcription instead of by a pitch track.
    seed
        The seed of the bootstrap.

    Returns
    -------
    for each measure ``value``, ``ceiling`` and ``floor`` (None where there is none), each with its
    interval; ``pieces``, the value of each piece alone; and ``controls``, what the measure gives
    for the truth, the source, another piece and silence

    Raises
    ------
    ValueError
        If the pieces do not correspond.
    UmtnError
        If a package that a measure needs is not installed.
    """
    _check(direction)
    shares = _judged_alike(direction, classifier, polyphonic)
    figures = {
        name: _figure(name, shares, seed) for name in REFERENCES if name in shares["translation"]
    }
    if not polyphonic:
        figures["pitch_within_50_at_best_lag"]["lag_seconds"] = _lag_seconds(direction)
    return figures


def _check(direction: Direction) -> None:
    parts = (direction.translations, direction.sources, direction.truths, direction.notes)
    counts = {len(each) for each in parts}
    if counts == {0} or len(counts) != 1:
        raise ValueError(f"pieces do not correspond: {sorted(counts)}")


def _judged_alike(
    direction: Direction, classifier: TimbreClassifier, polyphonic: bool
) -> dict[str, Shares]:
    """Every measure of the translations, and of all that their figures are set beside."""
    expected = [len(classifier.probabilities(truth.samples)) for truth in direction.truths]

    def judged(group: Group) -> Shares:
        shares = group_measures.of_notes(group, direction.notes, polyphonic=polyphonic)
        if basic_pitch_installed() and not polyphonic:
            shares |= group_measures.second_opinion(group, direction.sources, direction.notes)
        return {
            **shares,
            **group_measures.of_source(group, direction.sources, polyphonic=polyphonic),
            **group_measures.of_truth(group, direction.truths, polyphonic=polyphonic),
            **group_measures.of_target(group, direction.target, classifier, expected),
            **group_measures.of_itself(group, polyphonic=polyphonic),
            **group_measures.of_performance(group, direction.sources, polyphonic=polyphonic),
            **group_measures.as_published(group, direction.sources, polyphonic=polyphonic),
        }

    return {
        "translation": judged(direction.translations),
        "truth": judged(direction.truths),
        "source": judged(direction.sources),
        "another_piece": _pooled([judged(group) for group in _others(direction.truths)]),
        "silence": judged([Heard(np.zeros_like(t.samples)) for t in direction.truths]),
        "played_straight": {}
        if polyphonic
        else group_measures.played_straight(direction.notes, direction.sources),
        # Of no piece in particular, so only the timbre of these means anything.
        "example": group_measures.of_target(
            direction.examples or direction.truths, direction.target, classifier
        ),
    }


def _lag_seconds(direction: Direction) -> float:
    """Delay that all translations have together against the truths."""
    made, real = ([each.pitch for each in g] for g in (direction.translations, direction.truths))
    return round(lag_frames(made, real) * made[0].hop_seconds, 3)


def _figure(name: str, shares: dict[str, Shares], seed: int) -> Figure:
    made = shares["translation"][name]
    ceiling, floor = (shares[kind].get(name) if kind else None for kind in REFERENCES[name])
    result = figure(made, ceiling, floor, seed=seed)
    result["controls"] = {
        kind: rounded(shares[kind][name].value)
        for kind in ("truth", "source", "another_piece", "silence")
        if name in shares[kind]
    }
    if name in _SHARES and ceiling is not None:
        result["share_of_ceiling"] = made.share_of(ceiling, seed)
    return result


def _pooled(groups: Sequence[Shares]) -> Shares:
    """Several judgements of the same pieces as one; none if there is only one piece."""
    names = groups[0] if groups else {}
    return {name: Share.together([shares[name] for shares in groups]) for name in names}


def _others(items: Sequence[Any]) -> list[list[Any]]:
    """Orders in which each piece stands at another's place."""
    turns = range(1, min(_OTHERS, len(items) - 1) + 1)
    return [[*items[places:], *items[:places]] for places in turns]
