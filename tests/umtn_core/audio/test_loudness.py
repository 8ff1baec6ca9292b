"""Loudness against BS.1770's own figures, and a direct computation by its coefficients."""

import math

import numpy as np
import pytest

from tests.umtn_core.cutting import cut
from umtn_core.audio.loudness import LoudnessMeter, gain_between, loudness

RATES = [8_000, 16_000, 44_100, 48_000, 96_000]


def tone(rate, seconds, decibels=0.0, hertz=997):
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_full_scale_tone_is_3_lufs_below_zero_a_channel(rate):
    assert loudness(tone(rate, 3), rate) == pytest.approx(-3.01, abs=0.06)
    assert loudness(np.stack([tone(rate, 3)] * 2), rate) == pytest.approx(0, abs=0.06)
    assert loudness(tone(rate, 3, -30), rate) == pytest.approx(-33.01, abs=0.06)


def directly(audio):
    """One channel at 48 kHz by the coefficients and the steps that BS.1770 lists."""

    def filtered(x, b, a):
        y = np.zeros(len(x) + 2)
        x = np.concatenate([[0, 0], x])
        for n in range(2, len(x)):
            y[n] = (
                b[0] * x[n] + b[1] * x[n - 1] + b[2] * x[n - 2] - a[0] * y[n - 1] - a[1] * y[n - 2]
            )
        return y[2:]

    shelved = filtered(
        audio.astype(np.float64),
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (-1.69065929318241, 0.73248077421585),
    )
    weighted = filtered(shelved, (1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))
    powers = np.array(
        [np.mean(weighted[i : i + 19_200] ** 2) for i in range(0, len(audio) - 19_199, 4_800)]
    )
    lufs = lambda power: -0.691 + 10 * np.log10(power)  # noqa: E731
    gated = powers[lufs(powers) > -70]
    return lufs(gated[lufs(gated) > lufs(gated.mean()) - 10].mean())


@pytest.mark.parametrize("samples", [19_200, 65_000, 200_000])
def test_music_like_audio_measures_as_computed_directly(samples):
    rng = np.random.default_rng(samples)
    swell = 0.1 * (1 + np.sin(np.arange(samples) / 9_000)) ** 3
    audio = (rng.normal(size=samples) * swell).astype(np.float32)
    assert loudness(audio, 48_000) == pytest.approx(directly(audio), abs=1e-3)


def test_quiet_stretches_are_gated_out():
    rate = 48_000
    loud, quiet = tone(rate, 5, -20), tone(rate, 20, -60)
    assert loudness(np.concatenate([loud, quiet]), rate) == pytest.approx(-23, abs=0.3)


@pytest.mark.parametrize("samples", [1, 2, 100, 6_399, 6_400, 6_401])
def test_the_shortest_audio_has_a_loudness(samples):
    assert math.isfinite(loudness(np.full(samples, 0.5, np.float32), 16_000))


@pytest.mark.parametrize("audio", [np.zeros(1), np.zeros((2, 99_999)), np.zeros((1, 0))])
def test_silence_is_infinitely_quiet(audio):
    assert loudness(audio.astype(np.float32), 44_100) == -math.inf


def test_a_gain_moves_loudness_by_its_decibels():
    audio = np.random.default_rng(0).normal(size=48_000).astype(np.float32) * 0.05
    now = loudness(audio, 48_000)
    moved = audio * np.float32(gain_between(now, -31.5))
    assert loudness(moved, 48_000) == pytest.approx(-31.5, abs=1e-3)


@pytest.mark.long
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_pyloudnorm_measures_the_same(rate, channels):
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="the library to compare with")
    # By default its shelf is another one than BS.1770's, 0.04 LU quieter and more at low rates.
    meter = pyloudnorm.Meter(rate, "DeMan")
    rng = np.random.default_rng(rate + channels)
    for _ in range(10):
        # Whole steps: it counts a last block of which there is only a part.
        samples = int(rng.integers(5, 200)) * rate // 10
        level = 10 ** (rng.uniform(-60, 0, 6) / 20)
        swell = np.interp(np.linspace(0, 5, samples), range(6), level)
        noise = np.cumsum(rng.normal(size=(channels, samples)), axis=1)
        audio = (swell * (rng.normal(size=(channels, samples)) + 0.01 * noise)).astype(np.float32)
        audio /= np.abs(audio).max()
        expected = meter.integrated_loudness(audio.T.astype(np.float64))
        assert loudness(audio, rate) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("samples", [1, 900, 7_000, 66_000, 300_001])
def test_it_is_the_same_however_the_audio_is_divided(samples):
    audio = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)
    meter = LoudnessMeter(2, samples, 44_100)
    for block in cut(audio, longest=20_000):
        meter.add(block)
    assert meter.loudness() == loudness(audio, 44_100)


def test_another_gate_lets_what_is_softer_count():
    audio = 1e-4 * np.sin(2 * np.pi * 1000 * np.arange(32_000) / 16_000).astype(np.float32)
    meter = LoudnessMeter(1, 32_000, 16_000)
    meter.add(audio)
    assert meter.loudness() == -np.inf
    assert meter.loudness(-95.0) == pytest.approx(-83, abs=1)
