import dataclasses
import json

import numpy as np
import pytest

from umtn_core.bundle import Bundle
from umtn_core.errors import UmtnError
from umtn_core.evaluation.evaluate import evaluate
from umtn_core.evaluation.settings import EvaluationSettings

FONTS = ("FluidR3_GM", "TimGM6mb")
LEFT_OUT = [
    "Salamander grand piano: the model has no piano.",
    "GrandOrgue ranks: the model has no organ.",
]
QUICK = EvaluationSettings(recordings=False, excerpts=2, excerpt_seconds=0.2, training_excerpts=6)


class Oracle:
    """Answers every held-out render with the paired truth, and remembers what it was asked."""

    def __init__(self, store):
        self.calls = []
        self.truths = {}
        for pair in store.index.pairs:
            for path in pair.renders.values():
                audio = np.asarray(store.read(path), np.float32) / 32767
                self.truths[audio.tobytes()] = {
                    domain: np.asarray(store.read(other), np.float32) / 32767
                    for domain, other in pair.renders.items()
                }

    def __call__(self, target, sources):
        self.calls.append((target, len(sources)))
        return [self.truths[np.asarray(audio).tobytes()][target] for audio in sources]


def test_a_perfect_translator_reaches_the_ceilings(store, tiny_bundle):
    oracle, stages = Oracle(store), []
    evaluation = evaluate(
        Bundle.open(tiny_bundle),
        store,
        QUICK,
        translate=oracle,
        progress=lambda stage, _: stages.append(stage),
    )
    report = evaluation.report
    # One decode a target: two pieces of two soundfonts from the one other domain.
    assert oracle.calls == [("flute", 4), ("violin", 4)]
    assert list(dict.fromkeys(stages)) == [
        "learning the instruments",
        "measuring FluidR3_GM",
        "measuring TimGM6mb",
        "teacher forcing",
    ]
    assert report["tiers"] == {"1": ["FluidR3_GM"], "2": ["TimGM6mb"], "left_out": LEFT_OUT}
    assert len(evaluation.examples) == 8
    verdicts = [v for each in report["verdicts"].values() for v in each.values()]
    assert all(v["content"]["value"] == 1.0 and v["content"]["reached"] for v in verdicts)
    assert report["verdicts"]["FluidR3_GM"]["flute->violin"]["target"]["reached"]
    assert list(report["directions"]) == list(FONTS)
    assert sorted(report["directions"]["TimGM6mb"]) == ["flute->violin", "violin->flute"]
    main = report["summary"]["FluidR3_GM"]
    assert main["pitch_within_50"]["value"] == 1.0
    assert main["named_as_target"] == {"value": 1.0, "ceiling": 1.0, "floor": 0.0}
    assert evaluation.blends == [] and report["joins"] == {}
    # On the second soundfont the ceiling of timbre is still the first one's instrument.
    second = report["directions"]["TimGM6mb"]["flute->violin"]["envelope_db_from_target_mean"]
    assert second["value"] > second["ceiling"]
    assert set(report["likelihood"]) == {"flute", "violin"}
    assert report["domain_read_off_latents"]["floor"] == 0.5
    assert report["recordings"] == {"unavailable": "not asked for"}
    json.dumps(report, allow_nan=False)


def test_recordings_that_cannot_be_had_are_reported_not_fatal(store, tiny_bundle, monkeypatch):
    def refuse(instrument):
        raise UmtnError("no network today")

    monkeypatch.setattr("umtn_core.evaluation.gathering.real_recording", refuse)
    settings = EvaluationSettings(excerpts=2, excerpt_seconds=0.2, training_excerpts=6)
    report = evaluate(Bundle.open(tiny_bundle), store, settings, translate=Oracle(store)).report
    assert report["recordings"] == {"unavailable": "no network today"}


def test_a_store_of_other_instruments_is_refused(store, random_bundle, shape):
    with pytest.raises(UmtnError, match="knows a, b, and the store has none of these"):
        evaluate(random_bundle(shape), store, QUICK)


def test_silence_reaches_no_bound(store, tiny_bundle):
    def silence(_, sources):
        return [np.zeros_like(audio) for audio in sources]

    settings = dataclasses.replace(QUICK, seconds=3.0)
    report = evaluate(Bundle.open(tiny_bundle), store, settings, translate=silence).report
    for make in report["verdicts"].values():
        for verdict in make.values():
            for figure in verdict.values():
                assert figure["value"] == 0.0
                assert not figure["reached"]
    json.dumps(report, allow_nan=False)


def test_quick_settings_can_be_changed():
    assert EvaluationSettings.quick().pieces == 4
    assert EvaluationSettings.quick(pieces=1, seed=3).pieces == 1
