import numpy as np
import pytest

from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.real_recordings import RealRecording
from umtn_core.evaluation.measures.direction_figures import REFERENCES
from umtn_core.evaluation.measures.timbre import TimbreClassifier
from umtn_core.evaluation.real_players import measure_recording, recordings_in_scope

PAIRED = {name: {"value": 0.5, "ceiling": 0.95, "floor": 0.1} for name in REFERENCES}


@pytest.fixture
def classifier(render):
    return TimbreClassifier({"flute": [render(73, seed=9)[0]], "trumpet": [render(56, seed=9)[0]]})


def test_recordings_are_those_in_scope_at_16_khz():
    def fetch(instrument):
        return RealRecording(instrument, np.zeros(44_100, np.float32), 44_100)

    found = recordings_in_scope(("flute", "kazoo", "violin"), fetch)
    assert sorted(found) == ["flute", "violin"]
    assert len(found["flute"].samples) == 16_000


def test_the_reference_is_the_recordings_own_pitch(render, classifier):
    source, made, other = (Heard(render(p, seed=s)[0]) for p, s in ((73, 0), (56, 0), (73, 1)))
    found = measure_recording(made, source, [other], "trumpet", classifier, (60, 90), PAIRED)
    pitch = found["pitch_within_50_of_source"]
    assert pitch["value"] > 0.8
    assert pitch["floor"] < 0.3
    assert pitch["ceiling"] == 0.95
    assert found["named_as_target"]["value"] == 1.0
    assert found["pitch_within_50_in_trained_range"]["share_of_recording"] > 0.9
    assert found["envelope_db_from_target_mean"]["value"] < 6


def test_a_wrong_translation_scores_low(render, classifier):
    source, other = (Heard(render(73, seed=s)[0]) for s in (0, 1))
    found = measure_recording(other, source, [], "trumpet", classifier, (60, 90), PAIRED)
    assert found["pitch_within_50_of_source"]["value"] < 0.3
    assert found["pitch_within_50_of_source"]["floor"] is None
    assert found["named_as_target"]["value"] == 0.0


def test_frames_outside_the_trained_range_are_told_apart(render, classifier):
    source = Heard(render(73, seed=0)[0])
    found = measure_recording(source, source, [], "flute", classifier, (62, 70), PAIRED)
    inside = found["pitch_within_50_in_trained_range"]
    assert 0.1 < inside["share_of_recording"] < 0.9
    assert inside["value"] == 1.0
    nothing = measure_recording(source, source, [], "flute", classifier, (20, 21), PAIRED)
    assert nothing["pitch_within_50_in_trained_range"]["value"] is None


def test_silence_is_not_the_target(render, classifier):
    source = Heard(render(73, seed=0)[0])
    silence = Heard(np.zeros_like(source.samples))
    found = measure_recording(silence, source, [], "trumpet", classifier, (60, 90), PAIRED)
    assert found["named_as_target"]["value"] == 0.0
    assert found["pitch_within_50_of_source"]["value"] == 0.0
