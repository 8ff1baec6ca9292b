"""Levels of audio that comes in blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.audio.loudness import loudness
from umtn_core.dynamics.levels import (
    LUFS_BELOW_LEVEL,
    NOTHING,
    LevelMeter,
    step_edges,
    steps_over,
)

RATE = 16_000


def measured(*blocks, rate=RATE):
    meter = LevelMeter(rate)
    for block in blocks:
        meter.add(np.asarray(block, np.float32))
    return meter


def tone(hertz, seconds=1.0, rate=RATE):
    return 0.1 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(0, 6_000),
    cuts=st.lists(st.integers(0, 6_000), max_size=12),
    rate=st.sampled_from([16_000, 22_050, 44_100]),
    first=st.integers(0, 40),
)
def test_levels_are_the_same_bits_however_the_audio_is_divided(samples, cuts, rate, first):
    audio = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    divided = measured(*np.split(audio, sorted(min(cut, samples) for cut in cuts)), rate=rate)
    whole = measured(audio, rate=rate).levels()
    assert len(whole) == steps_over(samples, rate)
    assert divided.levels().tobytes() == whole.tobytes()
    assert divided.levels(first).tobytes() == whole[first:].tobytes()
    certain = divided.levels(ended=False)
    assert certain.tobytes() == whole[: len(certain)].tobytes()
    assert len(certain) >= len(whole) - 2


def test_what_is_certain_stays_so_while_more_comes():
    audio = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    meter = measured(audio[:5_000])
    certain = meter.levels(ended=False)
    meter.add(audio[5_000:])
    assert meter.levels()[: len(certain)].tobytes() == certain.tobytes()


@pytest.mark.parametrize("hertz", [200, 440, 3_000])
def test_a_tone_has_the_level_that_its_loudness_says(hertz):
    audio = tone(hertz).astype(np.float32)
    levels = measured(audio).levels()[2:-2]
    assert levels.mean() - LUFS_BELOW_LEVEL == pytest.approx(loudness(audio, RATE), abs=0.4)
    assert np.ptp(levels) < 0.6


def test_low_tones_have_steady_levels():
    pulses = np.zeros(RATE)
    pulses[:: RATE // 82] = 1
    assert np.ptp(measured(pulses).levels()[3:-3]) < 4
    assert np.ptp(measured(tone(41.2)).levels()[3:-3]) < 2


def test_an_offset_has_no_level():
    np.testing.assert_array_less(measured(np.full(RATE, 0.5)).levels()[3:-3], -100)
    with_offset = measured(tone(440) + 0.5).levels()[3:-3]
    np.testing.assert_allclose(with_offset, measured(tone(440)).levels()[3:-3], atol=0.05)


def test_silence_has_no_level():
    levels = measured(np.zeros(RATE)).levels()
    assert levels.shape == (100,)
    assert (levels == NOTHING).all()
    assert measured().levels().shape == (0,)


def test_edges_of_steps_cover_all_samples():
    for rate in (16_000, 22_050, 44_100):
        for samples in (0, 1, rate // 100, rate // 100 + 1, rate):
            steps = steps_over(samples, rate)
            assert step_edges(steps, rate) >= samples
            assert steps == 0 or step_edges(steps - 1, rate) < samples
