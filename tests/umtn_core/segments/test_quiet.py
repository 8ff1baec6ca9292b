"""Levels that are measured in blocks, and the places that they lead to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.segments.quiet import QuietMeter, quietest


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


def measured(blocks, rate=16_000):
    meter = QuietMeter(rate)
    for block in blocks:
        meter.add(block)
    return meter.powers()


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(0, 5_000),
    cuts=st.lists(st.integers(0, 5_000), max_size=12),
    rate=st.sampled_from([16_000, 22_050, 40]),
)
def test_powers_are_the_same_bits_however_the_signal_is_divided(samples, cuts, rate):
    audio = noise(samples)
    divided = measured(np.split(audio, sorted(min(cut, samples) for cut in cuts)), rate)
    assert divided.tobytes() == measured([audio], rate).tobytes()
    assert len(divided) == -(-samples // max(1, round(rate / 100)))


def test_powers_are_mean_squares_of_ten_milliseconds():
    audio = noise(16_000 + 80)
    powers = measured([audio])
    means = np.square(audio[:16_000].astype(np.float64)).reshape(100, 160).mean(axis=1)
    np.testing.assert_allclose(powers[:100], means, rtol=1e-12)
    assert powers[100] == pytest.approx(np.square(audio[16_000:].astype(np.float64)).sum() / 160)


def test_asking_in_between_changes_nothing():
    audio, meter = noise(1_000), QuietMeter(16_000)
    meter.add(audio[:333])
    first = meter.powers()
    meter.add(audio[333:])
    np.testing.assert_array_equal(meter.powers(), measured([audio]))
    np.testing.assert_array_equal(first, measured([audio[:333]]))


def test_a_place_moves_to_silence_nearby_but_not_to_what_is_too_far_away():
    powers = np.full(300, 0.01)
    powers[140:150] = powers[270:] = 0
    assert quietest(powers, [], 4_000, 16_000) == []
    near, far = quietest(powers, [22_000, 36_000], 4_000, 16_000)
    assert 140 * 160 <= near < 150 * 160
    assert abs(far - 36_000) <= 160
