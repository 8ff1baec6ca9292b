"""Harmonics over the rest, on tones in noise of a known level."""

import numpy as np
import pytest

from umtn_core.evaluation.listening.harmonics import harmonics_over_rest, steady_frames
from umtn_core.evaluation.listening.pitch_tracking import track

RATE = 16_000


def tone(hertz=262.0, seconds=1.0):
    time = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * hertz * h * time) / h for h in range(1, 9)) * 0.2


@pytest.mark.parametrize("decibels", [6.0, 12.0, 20.0, 30.0])
@pytest.mark.parametrize("hertz", [196.0, 440.0, 880.0])
def test_white_noise_is_found_at_its_level(hertz, decibels):
    clean = tone(hertz)
    noise = np.random.default_rng(0).standard_normal(len(clean))
    noise *= clean.std() * 10 ** (-decibels / 20)
    found = harmonics_over_rest(clean + noise, RATE, track(clean, RATE))
    assert found == pytest.approx(decibels, abs=1.0)


def test_a_clean_tone_has_next_to_nothing_between():
    assert harmonics_over_rest(tone(), RATE, track(tone(), RATE)) > 50


def test_noise_is_measured_the_same_at_another_rate():
    time = np.arange(32_000) / 32_000
    clean = np.sin(2 * np.pi * 440 * time)
    noise = np.random.default_rng(0).standard_normal(len(time)) * clean.std() * 10 ** (-10 / 20)
    # Half of the noise lies above what is looked at.
    found = harmonics_over_rest(clean + noise, 32_000, track(clean, 32_000))
    assert found == pytest.approx(13.0, abs=1.0)


def test_too_little_gives_no_figure():
    for samples in (np.zeros(RATE), np.zeros(0), tone(seconds=0.1), tone(80.0)):
        assert np.isnan(harmonics_over_rest(samples, RATE, track(samples, RATE)))


def test_only_frames_between_two_notes_and_their_ends_are_unsteady():
    hertz = np.r_[np.full(20, 440.0), np.full(20, 494.0), np.zeros(5)]
    assert np.flatnonzero(steady_frames(hertz)).tolist() == [*range(5, 15), *range(25, 35)]
    assert not steady_frames(hertz[:10]).any()
