"""Does it generalise? Recordings of real players, judged by their own pitch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from umtn_core.audio.resample import resample
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.listening.pitch_tracking import PitchTrack
from umtn_core.evaluation.material.real_recordings import FILES, RealRecording
from umtn_core.evaluation.measures import group_measures
from umtn_core.evaluation.measures.share import Figure, plain
from umtn_core.evaluation.measures.timbre import TimbreClassifier


def recordings_in_scope(
    domains: Sequence[str], fetch: Callable[[str], RealRecording], rate: int = RATE
) -> dict[str, Heard]:
    """Recordings of those of the domains that have one, at a sample rate."""
    found = {}
    for domain in domains:
        if domain in FILES:
            recording = fetch(domain)
            found[domain] = Heard(resample(recording.samples, recording.sample_rate, rate), rate)
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

    There is no paired truth: the reference is the recording itself. One clip gives no interval.

    Parameters
    ----------
    translation, source
        The translation, and the recording that it was made of.
    others
        The recordings of other music, for floors.
    target
        The target domain.
    classifier
        A classifier that knows the target's instrument.
    trained_range
        The lowest and the highest MIDI note that the model was trained on.
    paired
        The figures of paired pieces in the same direction, whose ceilings serve here too.
    """
    reference = source.pitch
    floors = [_of_source(other, source) for other in others]
    made = _of_source(translation, source)
    low, high = trained_range
    inside = (reference.midi > low - 0.5) & (reference.midi < high + 0.5)
    known = PitchTrack(np.where(inside, reference.hertz, 0.0), reference.strength)
    lag = group_measures.lag_frames([translation.pitch], [reference])
    figures = {
        name: plain(
            share.value,
            paired[name]["ceiling"],
            float(np.mean([floor[name].value for floor in floors])) if floors else None,
        )
        for name, share in made.items()
    }
    figures["pitch_within_50_in_trained_range"] = {
        **plain(
            group_measures.agreement([translation.pitch], [known], "within_50").value,
            paired["pitch_within_50_of_source"]["ceiling"],
        ),
        "share_of_recording": plain(float(inside[reference.voiced].mean()))["value"]
        if reference.voiced.any()
        else None,
    }
    figures["pitch_within_50_of_source"]["lag_seconds"] = round(lag * reference.hop_seconds, 3)
    target_figures = group_measures.of_target([translation], target, classifier)
    source_figures = group_measures.of_target([source], target, classifier)
    for name, share in target_figures.items():
        value = share.value if share.of.any() else 0.0
        figures[name] = plain(value, paired[name]["ceiling"], source_figures[name].value)
    for name, share in group_measures.of_itself([translation], polyphonic=False).items():
        figures[name] = plain(share.value, paired[name]["ceiling"])
    return figures


def _of_source(made: Heard, source: Heard) -> group_measures.Shares:
    """Every measure that needs no more than the recording itself beside it."""
    return {
        **group_measures.of_source([made], [source], polyphonic=False),
        **group_measures.of_performance([made], [source], polyphonic=False),
        **group_measures.as_published([made], [source], polyphonic=False),
    }
