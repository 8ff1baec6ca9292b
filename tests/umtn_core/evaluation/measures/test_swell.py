"""The slope of levels, on tones that swell by known amounts."""

import numpy as np
import pytest

from umtn_core.evaluation.measures.swell import frame_levels, swell_slope

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
