"""The slope of levels, on tones that swell by known amounts."""

import numpy as np
import pytest

from umtn_core.evaluation.measures.swell import frame_levels, loudness_correlation, swell_slope

RATE = 16_000


def swelling(decibels, seconds=2.0):
    """A tone that grows by so many dB and falls again, its loudest at -10 dB."""
    time = np.arange(int(seconds * RATE)) / RATE
    gain = -10 + decibels * (np.sin(np.pi * time / seconds) - 1)
    return 10 ** (gain / 20) * np.sin(2 * np.pi * 440 * time)


def test_levels_are_those_of_a_sine():
    found = frame_levels(np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE), RATE)
    assert found == pytest.approx(np.full(20, -3.01), abs=0.02)
    assert frame_levels(np.zeros(RATE), RATE) == pytest.approx(np.full(20, -120.0))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 1.5])
def test_the_slope_is_the_share_that_is_followed(share):
    assert swell_slope(swelling(20 * share), swelling(20), RATE) == pytest.approx(share, abs=0.02)
    # However loud it is altogether.
    quiet = 0.3 * swelling(20 * share)
    assert swell_slope(quiet, swelling(20), RATE) == pytest.approx(share, abs=0.02)


def test_silence_follows_nothing():
    assert swell_slope(np.zeros(2 * RATE), swelling(20), RATE) == pytest.approx(0.0)


def test_there_is_no_slope_without_a_swell():
    for reference in (np.zeros(RATE), np.zeros(0), swelling(0), swelling(20, 0.3)):
        assert np.isnan(swell_slope(swelling(10), reference, RATE))


def test_loudness_correlates_however_far_it_follows():
    for share in (0.3, 1.0, 1.5):
        found = loudness_correlation(swelling(20 * share), swelling(20), RATE)
        assert found == pytest.approx(1, abs=0.01)
    upside_down = 0.01 / (swelling(20) ** 2).reshape(-1, 80).mean(axis=1).repeat(80) ** 0.5
    assert loudness_correlation(upside_down, swelling(20), RATE) == pytest.approx(-1, abs=0.01)


def test_loudness_that_stays_or_wanders_by_itself_does_not_correlate():
    assert abs(loudness_correlation(swelling(0), swelling(20), RATE)) < 0.05
    assert loudness_correlation(np.zeros(2 * RATE), swelling(20), RATE) == 0
    late = np.roll(swelling(20), RATE // 2)
    assert abs(loudness_correlation(late, swelling(20), RATE)) < 0.3
    for reference in (np.zeros(RATE), np.zeros(0), swelling(0)):
        assert np.isnan(loudness_correlation(swelling(10), reference, RATE))
