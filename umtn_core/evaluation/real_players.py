"""Does it generalise? Recordings of real players, judged by their own pitch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from umtn_core.audio.resample import resample
from umtn_core.evaluation.heard import RATE, Heard
from umtn_core.evaluation.measure import Figure, figure, mean
from umtn_core.evaluation.pitch import best_lag, compare, share_within
from umtn_core.evaluation.recordings import FILES, Recording
from umtn_core.evaluation.spectra import envelope_distance
from umtn_core.evaluation.timbre import TimbreClassifier


def recordings_in_scope(
    domains: Sequence[str], fetch: Callable[[str], Recording]
) -> dict[str, Heard]:
    """Recordings of those of the domains that have one, at 16 kHz."""
    found = {}
    for domain in domains:
        if domain in FILES:
            recording = fetch(domain)
            found[domain] = Heard(resample(recording.samples, recording.sample_rate, RATE))
    return found


def measure_recording(
    translation: Heard,
    source: Heard,
    others: Sequence[Heard],
    target: str,
    classifier: TimbreClassifier,
    trained_range: tuple[float, float],
    paired: Mapping[str, Figure],
) -> dict[str, Any]:
    """Figures of one translated recording.

    There is no paired truth: the reference is the recording's own pitch track.

    Parameters
    ----------
    translation, source
        The audio.
    others
        Recordings of other music, for floors.
    target
        The target domain.
    classifier
        That knows it.
    trained_range
        Lowest and highest MIDI note that the model was trained on.
    paired
        Figures of paired pieces in the same direction, whose ceilings serve here too.
    """
    made, reference = translation.pitch, source.pitch
    agreement = compare(made, reference)
    ceiling = paired["pitch_within_50_of_source"]["ceiling"]
    low, high = trained_range
    inside = (reference.midi > low - 0.5) & (reference.midi < high + 0.5)
    lag, share = best_lag(made, reference)
    table = classifier.probabilities(translation.samples)
    named = table.argmax(axis=1) == classifier.domains.index(target)
    target_mean = classifier.envelopes[target]

    def floor(cents: float) -> float:
        return mean([share_within(other.pitch, reference, cents) for other in others])

    return {
        "pitch_within_50_of_source": figure(agreement.within_50, ceiling, floor(50.0)),
        "pitch_within_120_of_source": figure(agreement.within_120, floor=floor(120.0)),
        "pitch_class_within_50_of_source": figure(agreement.chroma),
        "pitch_within_50_in_trained_range": {
            **figure(share_within(made, np.where(inside, reference.hertz, 0.0)), ceiling),
            "share_of_recording": figure(mean(inside[reference.voiced]))["value"],
        },
        "pitch_within_50_at_best_lag": {
            **figure(share),
            "lag_seconds": round(lag * reference.hop_seconds, 3),
        },
        "named_as_target": figure(
            mean(named) if len(named) else 0.0,
            paired["named_as_target"]["ceiling"],
            paired["named_as_target"]["floor"],
        ),
        "envelope_db_from_target_mean": figure(
            envelope_distance(translation.envelope, target_mean),
            paired["envelope_db_from_target_mean"]["ceiling"],
            envelope_distance(source.envelope, target_mean),
        ),
    }
