import numpy as np
import pytest

from umtn_core.companding import Companding
from umtn_core.evaluation.likelihood.cost import (
    Scale,
    best_scale,
    bin_edges,
    logistic_nats,
    network_nats,
    unigram_nats,
)


def test_network_nats_is_the_cross_entropy():
    codes = np.array([[3, 250], [0, 128]])
    assert network_nats(np.zeros((2, 2, 256)), codes) == pytest.approx(np.log(256))
    logits = np.zeros((2, 2, 256))
    logits[0, 1, 250] = 1000.0
    assert network_nats(logits, codes) == pytest.approx(0.75 * np.log(256))
    only = np.array([[False, True], [False, False]])
    assert network_nats(logits, codes, only) == pytest.approx(0.0, abs=1e-12)


def test_network_nats_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        network_nats(np.zeros((4, 256)), np.zeros(5, int))
    with pytest.raises(ValueError, match="no sample"):
        network_nats(np.zeros((4, 256)), np.zeros(4, int), np.zeros(4, bool))


def test_unigram_is_the_entropy():
    assert unigram_nats(np.array([7] * 10)) == 0
    assert unigram_nats(np.repeat(np.arange(8), 5)) == pytest.approx(np.log(8))


@pytest.mark.parametrize("convention", ["rounded", "truncated"])
def test_bins_hold_exactly_what_the_quantiser_puts_in_them(convention):
    law = Companding(convention)
    samples = np.random.default_rng(0).uniform(-1, 1, 4_000)
    codes = law.encode(samples).astype(int)
    edges = bin_edges(law)
    assert (edges[codes] <= samples).all()
    assert (samples <= edges[codes + 1]).all()


@pytest.mark.parametrize("width", [1e-5, 1e-2, 10.0])
@pytest.mark.parametrize("guess", [-1.2, 0.0, 0.3])
def test_the_density_is_a_probability(guess, width):
    law = Companding()
    total = 0.0
    for code in range(256):
        one = np.array([code])
        cost = logistic_nats(law.levels[one], np.array([guess]), one, law, Scale(0.9, 1, width))
        total += np.exp(-cost[0])
    assert total == pytest.approx(1.0, abs=1e-9)


def test_the_scale_follows_past_errors_only():
    law = Companding()
    codes = np.array([128, 128, 128, 255])
    samples = law.levels[codes].astype(float)
    scale = Scale(0.5, 1.0, 1e-4)
    costs = logistic_nats(samples, np.zeros(4), codes, law, scale)
    # The surprise at the end cannot have widened the density for the quiet samples.
    np.testing.assert_array_equal(
        costs[:3], logistic_nats(samples[:3], np.zeros(3), codes[:3], law, scale)
    )
    assert costs[3] > 5
    assert costs[:3].max() < 1.5


def test_a_better_guess_costs_less_and_the_best_scale_is_the_cheapest():
    random = np.random.default_rng(0)
    law = Companding()
    truth = 0.3 * np.sin(np.arange(4_000) / 9)
    codes = law.encode(truth + random.logistic(0, 0.01, 4_000)).astype(int)
    samples = law.levels[codes].astype(float)
    scale = best_scale(samples, truth, codes, law)

    def mean_cost(guess, scale):
        return logistic_nats(samples, guess, codes, law, scale).mean()

    good = mean_cost(truth, scale)
    assert good < mean_cost(np.zeros(4_000), scale) - 0.5
    assert good < mean_cost(truth, Scale(0.85, 1.1, 1.2e-3))
