import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.umtn_core.cutting import sent
from umtn_core.audio.level import Limiter, gain_to_match, limited, matched, to_reference
from umtn_core.audio.loudness import loudness

RATE = 16_000


def noise(samples=RATE, level=0.1, channels=1):
    rng = np.random.default_rng(0)
    return (level * rng.normal(size=(channels, samples))).astype(np.float32)


@given(
    seed=st.integers(0, 2**32 - 1),
    samples=st.integers(1, 700),
    peak=st.sampled_from([0.1, 1.0, 2.5]),
    clicks=st.integers(0, 5),
)
def test_a_limit_is_kept_whatever_comes(seed, samples, peak, clicks):
    rng = np.random.default_rng(seed)
    audio = rng.normal(0, 0.3, (2, samples)).astype(np.float32)
    audio[0, rng.integers(0, samples, clicks)] = rng.normal(0, 50)
    within = limited(audio, RATE, peak)
    assert within.shape == audio.shape
    assert within.dtype == np.float32
    assert np.abs(within).max() <= np.float32(peak)
    assert np.all(np.sign(within) == np.sign(audio))


def test_a_click_is_turned_down_and_what_is_elsewhere_left_alone():
    audio = noise(channels=2)
    audio[0, 8_000] = 7
    within = limited(audio, RATE, 1.0)
    assert np.abs(within).max() == 1
    apart = np.abs(np.arange(RATE) - 8_000) > 0.01 * RATE
    assert np.array_equal(within[:, apart], audio[:, apart])
    # Channels keep their balance: the other one is turned down with it.
    near = slice(7_995, 8_006)
    kept = within[0, near] / audio[0, near]
    assert within[1, near] / audio[1, near] == pytest.approx(kept, rel=1e-5)


def test_what_is_within_the_limit_is_not_touched():
    audio = noise(level=0.1)
    assert limited(audio, RATE, 1.0) is audio


def test_gain_moves_smoothly():
    audio = np.full((1, RATE), 0.5, np.float32)
    audio[0, 5_000] = 4
    gain = limited(audio, RATE, 1.0) / audio
    assert np.abs(np.diff(gain[0])).max() < 0.01


@pytest.mark.parametrize("lufs", [-40.0, -23.0])
def test_audio_is_brought_to_a_loudness(lufs):
    assert loudness(matched(noise()[0], RATE, lufs), RATE) == pytest.approx(lufs, abs=0.01)


def test_silence_stays_silence():
    silence = np.zeros(100, np.float32)
    assert np.array_equal(matched(silence, RATE, -20.0), silence)
    assert np.array_equal(matched(noise()[0], RATE, -np.inf), noise()[0])
    assert np.array_equal(to_reference(silence, RATE, -20.0), silence)


def test_what_is_far_too_quiet_gets_no_more_gain_than_the_quietest_music():
    hum = noise(level=1e-3)[0]
    loud = hum * gain_to_match(loudness(hum, RATE), -20.0, quietest=-40.0)
    assert loudness(loud, RATE) == pytest.approx(loudness(hum, RATE) + 20, abs=0.01)


def test_the_reference_is_not_reached_by_clipping():
    audio = noise()[0]
    audio[100] = 3
    brought = to_reference(audio, RATE, -5.0)
    assert np.abs(brought).max() == pytest.approx(1)
    assert brought == pytest.approx(audio * (brought[0] / audio[0]), rel=1e-4)


@pytest.mark.parametrize("samples", [1, 219, 220, 221, 5_000])
def test_it_is_limited_alike_however_it_is_divided(samples):
    audio = np.random.default_rng(0).normal(0, 0.4, (2, samples)).astype(np.float32)
    audio[:, -1] = 2
    whole = limited(audio, 44_100, 1.0)
    assert np.abs(whole).max() <= 1
    for longest in (30, 400):
        assert np.array_equal(sent(audio, Limiter(44_100, 1.0), longest=longest), whole)
