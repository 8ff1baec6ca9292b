import numpy as np

from umtn_core.bundle import Bundle
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.segmented import SEGMENTS, segment_joins
from umtn_core.evaluation.settings import EvaluationSettings

SETTINGS = EvaluationSettings(threads=1)


def noise(seconds):
    return Heard(np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)))


def test_joins_of_a_long_render_are_ranked(tiny_bundle):
    found = segment_joins(
        Bundle.open(tiny_bundle), "flute", [noise(2.0), noise(2.0)], SETTINGS, lambda *_: None
    )
    assert found["joins"] == SEGMENTS - 1
    assert 0 <= found["flux"]["percentile"] <= 100


def test_what_is_short_or_silent_has_no_joins(tiny_bundle):
    bundle = Bundle.open(tiny_bundle)
    for source in (noise(0.05), Heard(np.zeros(RATE))):
        assert segment_joins(bundle, "flute", [source], SETTINGS, lambda *_: None) is None
