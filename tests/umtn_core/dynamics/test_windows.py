"""Curves looked at through sliding windows."""

import numpy as np
import pytest

from umtn_core.dynamics.windows import mean, median, near

GAP = np.nan


def curve(steps=3_000, seed=0):
    rng = np.random.default_rng(seed)
    found = rng.normal(0, 5, steps).astype(np.float32)
    found[rng.random(steps) < 0.3] = GAP
    found[1_000:1_100] = GAP
    return found


@pytest.mark.parametrize("reach", [1, 4, 40])
def test_the_median_is_that_of_what_a_window_has(reach):
    values = curve()
    expected = [
        np.nan if np.isnan(part).all() else np.nanmedian(part)
        for part in (values[max(0, i - reach) : i + reach + 1] for i in range(len(values)))
    ]
    np.testing.assert_allclose(median(values, reach), expected, atol=1e-6)


def test_the_mean_weighs_by_a_triangle_and_passes_over_gaps():
    found = mean(np.array([3, GAP, 9, 0, 0], np.float32), 1)
    np.testing.assert_allclose(found, [3, 6, 6, 2.25, 0])
    assert np.isnan(mean(np.full(5, GAP, np.float32), 2)).all()


@pytest.mark.parametrize("look", [median, mean])
def test_a_part_is_the_same_bits_as_in_the_whole(look):
    values, reach = curve(), 6
    whole, part = look(values, reach), look(values[700:1_500], reach)
    assert part[reach:-reach].tobytes() == whole[700 + reach : 1_500 - reach].tobytes()


def test_near_marks_before_and_after():
    marked = np.zeros(12, bool)
    marked[[4, 10]] = True
    assert np.flatnonzero(near(marked, 2, 1)).tolist() == [2, 3, 4, 5, 8, 9, 10, 11]
    assert not near(np.zeros(3, bool), 2, 2).any()
