import numpy as np
import pytest

from umtn_core.bundle import Bundle
from umtn_core.evaluation.likelihood.likelihood_figures import likelihood_figures
from umtn_core.evaluation.likelihood.teacher_forcing import teacher_forced_nats


def test_network_and_linear_prediction_pay_for_the_same_samples(tiny_bundle):
    bundle = Bundle.open(tiny_bundle)
    time = np.arange(2_000) / 16_000
    audio = [np.float32(0.3) * np.sin(2 * np.pi * f * time).astype(np.float32) for f in (440, 550)]
    found = likelihood_figures(bundle, "flute", audio, audio)
    assert found["samples"] == 2 * (2_000 - bundle.shape.receptive_field)
    assert found["network"] == pytest.approx(teacher_forced_nats(bundle, "flute", audio), abs=1e-4)
    # Random weights know nothing; a sine is easily foretold.
    assert found["network"] > 4
    assert found["linear_prediction_adaptive"] < found["unigram"] < np.log(256)
