"""Noise that spoils audio follows its level, band by band."""

import numpy as np
import pytest

from umtn_core import filter_bank
from umtn_core.training.spoiling import BANDS, DECIBELS, spoilt


def burst():
    """A second of silence, one of noise below 2 kHz, and one of silence, at 16 kHz."""
    samples = np.random.default_rng(0).normal(0, 0.1, 48_000)
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(48_000, 1 / 16_000) > 2_000] = 0
    audio = np.fft.irfft(spectrum)
    audio[:16_000] = audio[32_000:] = 0
    return audio.astype(np.float32)


def noise_of(audio, seed):
    return spoilt(audio, np.random.default_rng(seed)) - audio


def test_noise_lies_where_the_audio_is_in_time_and_in_frequency():
    audio = burst()
    for seed in range(10):
        noise = noise_of(audio, seed)
        power = np.square(filter_bank.analyse(noise, BANDS)).reshape(3, -1, BANDS).mean(1)
        before, during, behind = power.sum(1)
        assert during > 10 * before and during > 10 * behind
        assert power[1, :2].min() > 10 * power[1, 3:].max()


def test_noise_is_as_loud_as_the_settings_say():
    audio = burst()
    found = [
        10 * np.log10(np.square(noise_of(audio, seed)).sum() / np.square(audio).sum())
        for seed in range(40)
    ]
    assert DECIBELS[0] - 3 < min(found) < -17
    assert -11 < max(found) < DECIBELS[1] + 3


@pytest.mark.parametrize("samples", [1, 100, 4_001])
def test_any_length_comes_back_as_long_and_silence_silent(samples):
    random = np.random.default_rng(0)
    noisy = spoilt(np.full(samples, 0.5, np.float32), random)
    assert noisy.shape == (samples,) and noisy.dtype == np.float32
    assert np.isfinite(noisy).all()
    assert not spoilt(np.zeros(samples, np.float32), random).any()


def test_the_same_random_numbers_make_the_same_noise():
    audio = burst()
    np.testing.assert_array_equal(noise_of(audio, 3), noise_of(audio, 3))
    assert not np.array_equal(noise_of(audio, 3), noise_of(audio, 4))
