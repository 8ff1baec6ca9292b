import numpy as np
import pytest

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack
from umtn_core.evaluation.measures.pitch import (
    best_lag,
    compare,
    from_notes,
    pool,
    share_within,
)


def test_shares_count_only_the_reference_frames_with_a_pitch():
    reference = [440.0, 440.0, 440.0, 440.0, 0.0, 0.0]
    estimate = [440.0, 440.0 * 2 ** (60 / 1200), 880.0, 0.0, 0.0, 500.0]
    figures = compare(estimate, reference)
    assert figures.frames == 4
    assert figures.within_50 == 0.25
    assert figures.within_120 == 0.5
    assert figures.chroma == 0.5
    assert figures.voiced == 0.75


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bound_is_where_it_says(sign):
    for cents, inside in [(49.0, 1.0), (51.0, 0.0)]:
        assert share_within([300.0 * 2 ** (sign * cents / 1200)], [300.0]) == inside


def test_chroma_wraps_around_the_octave():
    estimate = [440.0 * 2 ** (1170 / 1200), 440.0 * 2 ** (-1230 / 1200), 440.0 * 2**0.5]
    assert share_within(estimate, [440.0] * 3, chroma=True) == pytest.approx(2 / 3)


def test_an_estimate_too_short_is_wrong_where_it_is_missing():
    assert share_within([440.0], [440.0, 440.0]) == 0.5
    assert share_within([440.0, 440.0, 440.0], [440.0, 440.0]) == 1.0


def test_no_reference_pitch_is_not_a_figure():
    assert np.isnan(share_within([440.0], [0.0]))


def test_grids_must_agree():
    frames = np.full(4, 440.0)
    with pytest.raises(ValueError, match="time grids"):
        share_within(PitchTrack(frames, frames, 0.01), PitchTrack(frames, frames, 0.02))


def test_notes_become_a_track():
    found = from_notes([(0.02, 0.04, 69, 90), (0.05, 0.09, 81, 90)], 8)
    assert found.hertz.tolist() == [0, 0, 440, 440, 0, 880, 880, 880]


def test_of_overlapping_notes_the_later_wins():
    found = from_notes([(0.02, 0.05, 81, 90), (0.0, 0.04, 69, 90)], 5)
    assert found.hertz.tolist() == [440, 440, 880, 880, 880]


@pytest.mark.parametrize("lag", [-3, 0, 4])
def test_a_constant_delay_is_found(lag):
    reference = np.repeat([300.0, 400.0, 0.0, 500.0], 10)
    late = np.roll(reference, lag)
    found, share = best_lag(late, reference)
    assert found == lag
    assert share > share_within(late, reference) or lag == 0
    assert share >= 26 / 30


def test_pooled_pieces_stay_aligned():
    estimates, references = [[300.0], [400.0, 400.0, 1.0]], [[300.0, 300.0], [400.0, 400.0]]
    guess, truth = pool(estimates, references)
    assert guess.tolist() == [300, 0, 400, 400]
    assert truth.tolist() == [300, 300, 400, 400]
    assert share_within(guess, truth) == 0.75
    assert pool([], [])[0].shape == (0,)
