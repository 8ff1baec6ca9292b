import numpy as np
import pytest

from tests.umtn_core.cutting import sent
from umtn_core.audio.resample import Resampler, resample, resampled_length

RATES = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 7, 799, 800, 801, 15_999, 16_001])
def test_there_and_back_has_the_same_length(rate, samples):
    audio = np.ones(samples, np.float32)
    there = resample(audio, rate, 16_000)
    assert len(there) == resampled_length(samples, rate, 16_000)
    assert len(there) * rate >= samples * 16_000
    back = resample(there, 16_000, rate, samples)
    assert back.shape == (samples,)
    assert back.dtype == np.float32


@pytest.mark.parametrize("from_rate", RATES)
@pytest.mark.parametrize("to_rate", RATES)
def test_nothing_is_delayed(from_rate, to_rate):
    """A slow bump stays where it was, to a fraction of a sample."""
    bump = lambda rate: np.exp(-np.square((np.arange(rate) / rate - 0.4) / 0.01))  # noqa: E731
    moved = resample(bump(from_rate).astype(np.float32), from_rate, to_rate)
    assert np.abs(moved - bump(to_rate)).max() < 1e-3


def test_the_same_rate_changes_nothing():
    audio = np.random.default_rng(0).normal(size=100).astype(np.float32)
    assert np.array_equal(resample(audio, 44_100, 44_100), audio)
    assert np.array_equal(resample(audio, 44_100, 44_100, 103)[:100], audio)


@pytest.mark.parametrize("from_rate", RATES)
@pytest.mark.parametrize("to_rate", [16_000, 44_100])
@pytest.mark.parametrize("more", [0, -5, 70])
def test_it_is_the_same_however_the_audio_is_divided(from_rate, to_rate, more):
    audio = np.random.default_rng(0).normal(size=30_001).astype(np.float32)
    length = resampled_length(len(audio), from_rate, to_rate) + more
    made = sent(audio, Resampler(from_rate, to_rate, length), longest=9_000)
    assert np.array_equal(made, resample(audio, from_rate, to_rate, length))
