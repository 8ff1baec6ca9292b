import numpy as np
import pytest

from tests.umtn_core.cutting import cut
from umtn_core.audio.level import to_reference
from umtn_core.audio.loudness import loudness
from umtn_core.audio.resample import resample
from umtn_core.hearing import Hearing, Signal

RATE = 44_100


def swelling_tone(seconds=4.0, level=0.3, decibels=30.0):
    time = np.arange(round(seconds * RATE)) / RATE
    swell = level * 10 ** (-decibels / 20 * np.abs(1 - 2 * time / seconds))
    overtones = sum(np.sin(2 * np.pi * 440 * k * time) / k for k in range(1, 5))
    return (swell * overtones).astype(np.float32)


def heard(audio, hearing, seed=0):
    signal = Signal(0, len(audio), RATE, hearing)
    for take in signal.takers:
        for block in cut(audio, seed, longest=30_000):
            take(block)
    signal.end()
    return signal, signal.heard(0, signal.heard_samples)


def test_with_one_gain_it_is_heard_at_the_reference():
    audio = swelling_tone()
    signal, made = heard(audio, Hearing(16_000, -20.0))
    expected = to_reference(resample(audio, RATE, 16_000), 16_000, -20.0)
    assert np.array_equal(made, expected)
    assert np.array_equal(signal.heard(1000, 1500), expected[1000:1500])
    assert signal.lufs == loudness(audio, RATE) and signal.ride is None


@pytest.mark.parametrize("dynamics", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("semitones", [0, 7])
def test_it_is_heard_alike_however_it_was_divided(dynamics, semitones):
    audio, hearing = swelling_tone(), Hearing(16_000, -20.0, dynamics, semitones)
    _, one = heard(audio, hearing)
    _, other = heard(audio, hearing, seed=1)
    assert len(one) == -(-len(audio) * 160 // 441)
    assert np.array_equal(one, other)


def test_with_dynamics_a_swell_is_heard_at_one_loudness():
    audio = swelling_tone()
    parts = [slice(k * 16_000, (k + 1) * 16_000) for k in range(4)]
    _, plain = heard(audio, Hearing(16_000, -20.0))
    _, ridden = heard(audio, Hearing(16_000, -20.0, 1.0))
    apart = [loudness(plain[part], 16_000) for part in parts]
    together = [loudness(ridden[part], 16_000) for part in parts]
    assert np.ptp(apart) > 10
    assert np.ptp(together) < 1


@pytest.mark.parametrize("dynamics", [0.0, 1.0])
def test_digital_silence_is_silence(dynamics):
    signal, made = heard(np.zeros(RATE, np.float32), Hearing(16_000, -20.0, dynamics))
    assert signal.is_silent
    assert not made.any()


def test_what_is_very_soft_is_silence_unless_it_is_ridden():
    audio = swelling_tone(level=3e-5, decibels=0)
    assert heard(audio, Hearing(16_000, -20.0))[0].is_silent
    signal, made = heard(audio, Hearing(16_000, -20.0, 1.0))
    assert not signal.is_silent
    assert loudness(made, 16_000) == pytest.approx(-20, abs=1)
