import numpy as np
import pytest
from scipy.signal import lfilter

from umtn_core.companding import Companding
from umtn_core.evaluation.likelihood.linear_prediction import (
    fit,
    linear_prediction_nats,
    predict,
    predict_adaptively,
)


def coloured(seed, samples=16_000, poles=(1.6, -0.8)):
    noise = np.random.default_rng(seed).normal(0, 0.02, samples)
    return lfilter([1.0], [1.0, *(-p for p in poles)], noise)


def test_fit_recovers_an_autoregressive_process():
    found = fit([coloured(0, 60_000), coloured(1, 60_000)], order=4)
    np.testing.assert_allclose(found, [0, 0, -0.8, 1.6], atol=0.02)


def test_predict_uses_the_past_in_order():
    samples = np.array([1.0, 2.0, 4.0, 8.0])
    np.testing.assert_allclose(predict(samples, np.array([10.0, 1.0])), [0, 1, 12, 24])


@pytest.mark.parametrize("changed", [1_000, 1_279, 1_280])
def test_adaptive_prediction_knows_nothing_of_the_present(changed):
    samples = coloured(0, 2_500)
    other = samples.copy()
    other[changed] += 1.0
    before, after = predict_adaptively(samples), predict_adaptively(other)
    np.testing.assert_array_equal(before[: changed + 1], after[: changed + 1])
    assert not np.array_equal(before[changed + 1 :], after[changed + 1 :])


@pytest.mark.parametrize("samples", [1, 319, 321])
def test_adaptive_prediction_has_the_input_length(samples):
    assert predict_adaptively(coloured(0, samples)).shape == (samples,)


def test_adaptive_prediction_learns_what_the_fixed_one_cannot():
    # The resonance moves, so that no one filter fits. Only the instant it does is hard.
    audio = np.concatenate([coloured(0, 4_000, (1.8, -0.9)), coloured(1, 4_000, (-1.8, -0.9))])
    fixed, adaptive = predict(audio, fit([audio])), predict_adaptively(audio)
    assert np.median(np.abs(audio - adaptive)) < 0.6 * np.median(np.abs(audio - fixed))


def test_nats_of_noise_are_those_of_its_density():
    # White logistic noise of scale s: differential entropy ln s + 2, less the mean log bin width.
    law = Companding()
    noise = np.random.default_rng(0).logistic(0, 0.05, (2, 40_000))
    codes = [law.encode(row) for row in noise]
    found = linear_prediction_nats(codes[:1], codes[1:], law)
    clipped = np.abs(np.clip(noise, -1, 1))
    widths = (1 / 255 + clipped) * 2 * np.log(256) / 255
    expected = np.log(0.05) + 2 - np.log(widths).mean()
    assert found.fixed == pytest.approx(expected, abs=0.1)
    assert found.unigram == pytest.approx(expected, abs=0.1)
    assert found.samples == 40_000


def test_a_resonance_is_worth_nats():
    law = Companding()
    found = linear_prediction_nats([law.encode(coloured(0))], [law.encode(coloured(1))], law)
    assert found.fixed < found.unigram - 0.8
    assert found.adaptive < found.unigram - 0.7


def test_unscored_samples_are_heard_and_do_not_count():
    law = Companding()
    codes = law.encode(np.concatenate([np.zeros(2_000), coloured(0, 4_000)]))
    tail = linear_prediction_nats([codes], [codes], law, unscored=2_000)
    whole = linear_prediction_nats([codes], [codes], law)
    assert tail.samples == 4_000
    assert tail.fixed > whole.fixed
    assert tail.unigram > whole.unigram
    with pytest.raises(ValueError, match="audio to fit"):
        linear_prediction_nats([codes], [codes], law, unscored=6_000)


def test_needs_audio():
    with pytest.raises(ValueError, match="audio to fit"):
        linear_prediction_nats([np.zeros(100, np.uint8)], [])


@pytest.mark.long
@pytest.mark.parametrize("order", [4, 32])
def test_finds_the_predictor_that_librosa_finds(order):
    librosa = pytest.importorskip("librosa", reason="the library to compare with")
    audio = coloured(0, 60_000)
    theirs = -librosa.lpc(audio, order=order)[:0:-1]
    np.testing.assert_allclose(fit([audio], order), theirs, atol=2e-3)


@pytest.mark.long
@pytest.mark.parametrize("program", [40, 56])
def test_predicts_real_renders_as_well_as_librosa(render, program):
    librosa = pytest.importorskip("librosa", reason="the library to compare with")
    audio = render(program)[0].astype(np.float64)
    ours, theirs = fit([audio]), -librosa.lpc(audio, order=32)[:0:-1]
    left = [np.square(audio - predict(audio, each)).sum() for each in (ours, theirs)]
    assert left[0] < 1.001 * left[1]
