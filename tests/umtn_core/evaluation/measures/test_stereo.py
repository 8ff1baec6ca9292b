"""Figures of stereo, on channels whose likeness and balance are known."""

import numpy as np
import pytest

from umtn_core.evaluation.measures.stereo import (
    HARD_DB,
    mono_sum_db,
    pan_distance,
    stereo_correlation,
)

RATE = 16_000
RANDOM = np.random.default_rng(0)
ONE, OTHER = (0.1 * RANDOM.standard_normal(2 * RATE) for _ in range(2))


def test_one_signal_in_both_correlates_whatever_its_balance():
    for right in (ONE, 0.5 * ONE, 0.01 * ONE + 0.1):
        assert stereo_correlation(np.stack([ONE, right])) == pytest.approx(1)
    assert stereo_correlation(np.stack([ONE, -ONE])) == pytest.approx(-1)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8])
def test_a_shared_part_correlates_by_its_share(share):
    right = share * ONE + np.sqrt(1 - share**2) * OTHER
    assert stereo_correlation(np.stack([ONE, right])) == pytest.approx(share, abs=0.02)


def test_a_silent_side_has_no_correlation():
    assert np.isnan(stereo_correlation(np.stack([ONE, 0 * ONE])))


def test_a_mono_sum_gains_what_is_alike():
    assert mono_sum_db(np.stack([ONE, ONE])) == pytest.approx(3.01, abs=0.01)
    assert mono_sum_db(np.stack([ONE, OTHER])) == pytest.approx(0, abs=0.1)
    assert mono_sum_db(np.stack([ONE, -ONE])) == -HARD_DB
    assert np.isnan(mono_sum_db(np.zeros((2, RATE))))


def test_pan_is_measured_in_decibels_from_time_to_time():
    middle, left = np.stack([ONE, ONE]), np.stack([ONE, ONE / 2])
    assert pan_distance(middle, middle, RATE) == 0
    assert pan_distance(left, middle, RATE) == pytest.approx(6.02, abs=0.01)
    half = np.where(np.arange(len(ONE)) < RATE, middle, left)
    assert pan_distance(half, middle, RATE) == pytest.approx(3.01, abs=0.01)
    hard = np.stack([ONE, 0 * ONE])
    assert pan_distance(hard, middle, RATE) == pytest.approx(HARD_DB)
    assert np.isnan(pan_distance(0 * middle, middle, RATE))
