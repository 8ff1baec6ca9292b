from __future__ import annotations

import numpy as np
import pytest

from umtn_core.stereo.quadrature import reach, taps, turned


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_every_tone_is_turned_by_a_quarter(rate: int) -> None:
    half = reach(rate)
    for frequency in (150.0, 440.0, 880.0, 1800.0, 3000.0, 4500.0, 7000.0):
        time = np.arange(rate) / rate
        tone = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        other = turned(tone, rate)
        inner = tone[half:-half]
        assert np.corrcoef(inner, other)[0, 1] == pytest.approx(0, abs=0.01)
        assert np.std(other) == pytest.approx(np.std(inner), rel=0.1)


def test_the_filter_is_its_own_negative_turned_over() -> None:
    np.testing.assert_array_equal(taps(44_100), -taps(44_100)[::-1])


def test_it_is_in_time() -> None:
    """Half of a click's energy lies within a millisecond around it, and no echo beside it."""
    click = np.zeros(20_000, np.float32)
    click[10_000] = 1
    made = np.pad(turned(click, 44_100), reach(44_100))
    energy = made.astype(np.float64) ** 2
    assert energy[10_000 - 44 : 10_000 + 45].sum() > 0.5 * energy.sum()
    # No sample farther away than two milliseconds is louder than -20 dB.
    assert np.abs(made[: 10_000 - 88]).max() < 0.1
    assert np.abs(made[10_000 + 89 :]).max() < 0.1
