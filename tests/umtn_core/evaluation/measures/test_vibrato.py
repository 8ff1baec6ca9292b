"""Depth of vibrato, on tracks and tones whose depth is known."""

import numpy as np
import pytest

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack, track
from umtn_core.evaluation.measures.vibrato import (
    vibrato_depth,
    vibrato_depths,
    vibrato_ratio,
    vibrato_share,
)


def played(cents, middle=440.0):
    """A track of a pitch that is so many cents off its middle."""
    hertz = middle * 2 ** (np.asarray(cents) / 1200)
    return PitchTrack(hertz, np.ones(len(hertz)))


def swing(depth, rate=5.5, seconds=2.0, phase=0.0):
    return depth * np.sin(2 * np.pi * rate * np.arange(0, seconds, 0.01) + phase)


@pytest.mark.parametrize("rate", [4.5, 5.5, 7.0])
@pytest.mark.parametrize("phase", [0.0, 1.0])
def test_an_even_vibrato_has_its_standard_deviation(rate, phase):
    found = vibrato_depth(played(swing(30, rate, phase=phase)))
    assert found == pytest.approx(30 / np.sqrt(2), rel=0.06)


def test_glides_drift_and_unrest_are_no_vibrato():
    assert vibrato_depth(played(np.linspace(-100, 100, 200))) < 0.5
    assert vibrato_depth(played(swing(30, 0.5))) < 6
    assert vibrato_depth(played(swing(10, 20.0))) < 1
    assert vibrato_depth(played(np.r_[np.zeros(100), np.full(100, 200.0)])) < 0.01


def test_half_the_depth_is_a_ratio_of_a_half_whatever_the_phase():
    assert vibrato_ratio(played(swing(15, phase=2.0)), played(swing(30))) == pytest.approx(
        0.5, rel=0.08
    )
    assert vibrato_ratio(played(np.zeros(200)), played(swing(30))) < 0.01


def test_there_is_no_ratio_without_a_vibrato_to_follow():
    still = played(np.zeros(200))
    assert np.isnan(vibrato_ratio(played(swing(30)), still))
    assert np.isnan(vibrato_ratio(played(swing(30), 880.0), played(swing(30))))
    nothing = PitchTrack(np.zeros(0), np.zeros(0))
    assert np.isnan(vibrato_depth(nothing)) and np.isnan(vibrato_ratio(nothing, still))
    assert np.isnan(vibrato_depth(played(swing(30, seconds=0.2))))


def test_a_synthesised_vibrato_comes_through_the_tracker():
    time = np.arange(32_000) / 16_000
    hertz = 440 * 2 ** (40 * np.sin(2 * np.pi * 5.5 * time) / 1200)
    phase = 2 * np.pi * np.cumsum(hertz) / 16_000
    found = vibrato_depth(track(0.3 * np.sin(phase) + 0.1 * np.sin(2 * phase)))
    # A frame of 48 ms averages over a quarter of a swing.
    assert 0.8 * 40 / np.sqrt(2) < found < 1.02 * 40 / np.sqrt(2)


def test_slurs_are_no_vibrato_inside_of_notes():
    # A slur of two semitones in 60 ms, as a tracker sees it, and 4 notes a second.
    steps = np.repeat([0.0, 200.0, 0.0, 200.0, 0.0, 200.0], 50)
    slurred = played(np.convolve(steps, np.ones(6) / 6, "same")[3:-3])
    notes = [(0.5 * k, 0.5 * k + 0.5, 69) for k in range(6)]
    assert max(vibrato_depths(slurred, slurred, notes)) < 1 < vibrato_depth(slurred)
    wide, narrow = played(swing(30)), played(swing(15))
    made, true = vibrato_depths(narrow, wide, [(0.0, 1.0, 69), (1.0, 2.0, 69)])
    assert made / true == pytest.approx(0.5, rel=0.08)
    assert np.isnan(vibrato_depths(narrow, wide, [(0.0, 0.45, 69)])).all()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_known_vibrato_is_measured_on_short_notes_late_and_out_of_tune(share):
    tune = np.repeat([0.0, 400.0, 700.0, 200.0, 500.0, 300.0, 0.0, 100.0, 900.0, 700.0], 20)
    made = played(tune + 13 + swing(40 * share, phase=1.0))
    found = vibrato_share(made, played(tune), 5.5, 40.0)
    assert found == pytest.approx(share, abs=0.02)
    assert np.isnan(vibrato_share(played(tune + 500), played(tune), 5.5, 40.0))
