"""The figures of everything that was translated: direction by direction, player by player."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from umtn_core.evaluation.gathering import Gathered
from umtn_core.evaluation.material.tiers import Make
from umtn_core.evaluation.measures.direction_figures import Direction, measure
from umtn_core.evaluation.measures.share import Figure
from umtn_core.evaluation.measures.timbre import TimbreClassifier
from umtn_core.evaluation.real_players import measure_recording
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.evaluation.targets import verdict
from umtn_core.evaluation.translating import Example
from umtn_core.progress import Progress

#: For each make, for each ``source->target``, its figures by their names.
Directions = dict[str, dict[str, dict[str, Figure]]]


def measure_directions(
    gathered: Gathered,
    examples: Sequence[Example],
    classifier: TimbreClassifier,
    settings: EvaluationSettings,
    say: OnStage,
) -> Directions:
    """Measure the paired pieces of every make in every direction.

    Raises
    ------
    UmtnError
        If a package that a measure needs is not installed.
    """
    figures: Directions = {}
    for make in gathered.makes:
        pairs = make.directions(gathered.domains)
        figures[make.name] = {}
        for k, (source, target) in enumerate(pairs):
            say(f"measuring {make.name}", Progress(k / len(pairs)))
            figures[make.name][f"{source}->{target}"] = measure(
                _direction(make, gathered.main, source, target, examples),
                classifier,
                polyphonic=settings.polyphonic,
                seed=settings.seed,
            )
    return figures


def verdicts(makes: Sequence[Make], figures: Directions) -> dict[str, dict[str, Any]]:
    """Compare every direction's figures with the bounds of its make's tier."""
    return {
        make.name: {
            direction: verdict(make.tier, each) for direction, each in figures[make.name].items()
        }
        for make in makes
    }


def measure_recordings(
    gathered: Gathered,
    examples: Sequence[Example],
    classifier: TimbreClassifier,
    paired: Mapping[str, Mapping[str, Figure]],
) -> dict[str, Any]:
    """Measure the translated recordings of real players, by ``source->target``.

    Where there are no recordings, ``unavailable`` says why. The ceilings are those of the paired
    pieces in the same direction.
    """
    if gathered.no_players:
        return {"unavailable": gathered.no_players}
    return {
        f"{each.source}->{each.target}": measure_recording(
            each.sounds["translation"],
            each.sounds["source"],
            [other for name, other in gathered.players.items() if name != each.source],
            each.target,
            classifier,
            gathered.pitch_range,
            paired[f"{each.source}->{each.target}"],
        )
        for each in examples
        if each.tier == 3
    }


def _direction(
    make: Make, main: Make, source: str, target: str, examples: Sequence[Example]
) -> Direction:
    asked = (make.name, source, target)
    chosen = [each for each in examples if (each.make, each.source, each.target) == asked]
    return Direction(
        translations=[each.sounds["translation"] for each in chosen],
        sources=[each.sounds["source"] for each in chosen],
        truths=[each.sounds["truth"] for each in chosen],
        notes=[piece.notes for piece in make.pieces],
        target=target,
        examples=[piece.renders[target] for piece in main.pieces],
    )
