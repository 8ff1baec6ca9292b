"""Swells and places: they have the slopes, balances and likeness that they are said to have."""

import numpy as np
import pytest

from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.controlled import (
    KINDS,
    SWELL_DB,
    VIBRATO_CENTS,
    VIBRATO_HERTZ,
    placed,
    swelling,
    vibrating,
)
from umtn_core.evaluation.measures.rests import rests
from umtn_core.evaluation.measures.stereo import pan_distance, stereo_correlation
from umtn_core.evaluation.measures.swell import frame_levels
from umtn_core.evaluation.measures.vibrato import vibrato_depth, vibrato_share

RATE = 16_000
VOICE = (0.1 * np.random.default_rng(3).standard_normal(2 * RATE)).astype(np.float32)


def test_a_swell_spans_its_decibels_and_rests_at_its_loudest():
    made = swelling(np.full(4 * RATE, 0.5, np.float32), RATE)
    levels = frame_levels(made, RATE)
    sounding = levels > -100
    assert sounding.tolist() == [True] * 35 + [False] * 10 + [True] * 35
    assert levels.max() == pytest.approx(20 * np.log10(0.5) - 1, abs=0.3)
    assert levels.max() - levels[sounding].min() == pytest.approx(SWELL_DB - 1.5, abs=1)
    assert levels[:40] == pytest.approx(levels[40:][::-1], abs=0.1)
    assert [(r.start, r.stop) for r in rests(made, RATE)] == [(175, 225)]


@pytest.mark.parametrize("rate", [RATE, 32_000])
def test_a_vibrato_has_its_depth_and_keeps_its_time(rate):
    time = np.arange(3 * rate) / rate
    tone = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(880 * np.pi * time)).astype("f4")
    made = vibrating(tone, rate)
    assert made.dtype == np.float32 and len(made) == len(tone)
    pitch, plain = (Heard(audio, rate).pitch for audio in (made, tone))
    # A frame of 48 ms averages over a quarter of a swing.
    assert 0.8 < vibrato_share(pitch, plain, VIBRATO_HERTZ, VIBRATO_CENTS) < 1
    assert 0.8 < vibrato_depth(pitch) / (VIBRATO_CENTS / np.sqrt(2)) < 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [RATE, 32_000])
def test_a_placed_voice_keeps_its_length_and_is_the_same_every_time(kind, rate):
    made = placed(VOICE, kind, rate)
    assert made.dtype == np.float32 and made.shape == (2, len(VOICE))
    assert np.array_equal(made, placed(VOICE, kind, rate))
    assert np.abs(made).max() <= 1


def test_places_are_what_they_are_called():
    plain = np.stack([VOICE, VOICE])
    assert stereo_correlation(placed(VOICE, "panned", RATE)) == pytest.approx(1)
    assert pan_distance(placed(VOICE, "panned", RATE), plain, RATE) == pytest.approx(6.02, abs=0.01)
    assert 0.999 < stereo_correlation(placed(VOICE, "dithered", RATE)) < 1
    levels = [frame_levels(side, RATE, 0.2) for side in placed(VOICE, "moving", RATE)]
    assert np.all(np.diff(levels[0] - levels[1]) < 0)
    assert abs(levels[0][0] - levels[1][0] - 14) < 2
    # Two microphones hear much the same.
    assert 0.8 < stereo_correlation(placed(VOICE, "room", RATE)) < 0.99
