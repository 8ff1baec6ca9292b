import numpy as np
import pytest

from umtn_core.dynamics.periods import has_period, period_window


@pytest.mark.parametrize("rate", [16_000, 32_000])
@pytest.mark.parametrize("hertz", [65, 110, 440, 1_000, 2_000, 3_500])
def test_a_tone_has_a_period_also_in_a_little_noise(rate, hertz):
    rng = np.random.default_rng(0)
    time = np.arange(period_window(rate)) / rate
    overtones = [k for k in range(1, 6) if k * hertz < rate / 2]
    tones = [
        sum(np.sin(2 * np.pi * hertz * k * time + rng.uniform(0, 6)) / k for k in overtones)
        + 0.1 * rng.normal(size=len(time))
        for _ in range(50)
    ]
    assert has_period(np.array(tones, np.float32), rate).all()


@pytest.mark.parametrize("rate", [16_000, 32_000])
@pytest.mark.parametrize("reach", [1, 8])
def test_noise_of_any_colour_has_none(rate, reach):
    noise = np.random.default_rng(0).normal(size=(1000, period_window(rate) + reach - 1))
    smooth = np.lib.stride_tricks.sliding_window_view(noise, reach, axis=1).mean(axis=2)
    assert not has_period(smooth.astype(np.float32), rate).any()


def test_silence_has_none():
    assert not has_period(np.zeros((3, period_window(16_000)), np.float32), 16_000).any()
    assert has_period(np.zeros((0, period_window(16_000)), np.float32), 16_000).shape == (0,)
