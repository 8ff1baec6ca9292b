"""Published distances of pitch, on contours and sets of pitches that are known."""

import numpy as np
import pytest

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack
from umtn_core.evaluation.measures.contour import (
    FARTHEST,
    classes_of_probabilities,
    classes_of_track,
    contour_distances,
    keys_of_notes,
    keys_of_track,
    pitch_jaccard,
    pitch_set_jaccard,
)


def tracked(*midi, frames=30):
    values = np.repeat(np.array(midi, float), frames)
    hertz = np.where(np.isnan(values), 0.0, 440 * 2 ** ((values - 69) / 12))
    return PitchTrack(hertz, (hertz > 0).astype(float))


TUNE = tracked(60, 64, 67, 62)
REST = tracked(np.nan, np.nan)
NOTHING = PitchTrack(np.zeros(0), np.zeros(0))


def distance(made, reference):
    return contour_distances([classes_of_track(made)], [classes_of_track(reference)])[0]


def set_distance(made, reference):
    return pitch_set_jaccard(classes_of_track(made), classes_of_track(reference))


def test_the_same_contour_is_at_no_distance_in_any_octave_and_time():
    assert distance(TUNE, TUNE) == 0
    assert distance(tracked(72, 76, 79, 74), TUNE) == 0
    # Slower, uneven, and with rests: warping takes it out.
    slow = np.concatenate([tracked(60, 64, frames=50).hertz, tracked(np.nan, 67, 62).hertz])
    assert distance(PitchTrack(slow, np.ones(len(slow))), TUNE) == 0


def test_a_wrong_note_costs_its_interval_for_its_share_of_the_time():
    assert distance(tracked(61, 65, 68, 63), TUNE) == 1
    held = tracked(60, 60)
    assert distance(tracked(63, 63), held) == 3
    assert distance(tracked(60, 63), held) == pytest.approx(1.5)
    # As the papers' program has it, classes are numbers: from B up to C is a long way.
    assert distance(tracked(72, 72), tracked(71, 71)) == 11


def test_without_pitch_it_is_as_far_as_can_be():
    for nothing in (REST, NOTHING):
        assert distance(nothing, TUNE) == distance(TUNE, nothing) == FARTHEST


def slow_distance(first, second):
    """The recurrence cell by cell: the cheapest path and, of several, the shortest."""
    best = {}
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            ways = [best[w] for w in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if w in best]
            cost, steps = min(ways) if ways else (0, 0)
            best[i, j] = (cost + abs(int(a) - int(b)), steps + 1)
    cost, steps = best[len(first) - 1, len(second) - 1]
    return cost / steps


def test_warping_many_pairs_at_once_is_the_recurrence_of_each():
    random = np.random.default_rng(0)
    classes = [(random.integers(0, 12, m), random.integers(0, 12, n)) for m, n in
               ((1, 1), (1, 9), (9, 1), (7, 7), (20, 13), (13, 20))]  # fmt: skip
    pairs = [[part.repeat(2) for part in pair] for pair in classes]
    found = contour_distances([a for a, _ in pairs], [b for _, b in pairs])
    assert found == pytest.approx([slow_distance(*pair) for pair in classes])


def test_jaccard_of_known_sets_is_a_mean_over_frames():
    keys = keys_of_notes([(0.0, 1.0, 60), (0.0, 1.0, 64)], 1.0)
    third = keys_of_notes([(0.0, 1.0, 60), (0.0, 1.0, 67)], 1.0)
    assert pitch_jaccard(keys, keys) == 0
    assert pitch_jaccard(third, keys) == pytest.approx(1 - 1 / 3)
    # Half of the time alike, the other half one of two.
    half = keys_of_notes([(0.0, 1.0, 60), (0.0, 0.5, 64)], 1.0)
    assert pitch_jaccard(half, keys) == pytest.approx(0.25)


def test_jaccard_of_single_voices_heeds_octaves_and_agrees_in_rests():
    keys = keys_of_track(TUNE)
    assert keys.sum() == len(keys)
    assert pitch_jaccard(keys_of_track(tracked(72, 64, 67, 62)), keys) == pytest.approx(0.25)
    rests = keys_of_track(tracked(60, np.nan, 67, 62))
    assert pitch_jaccard(rests, rests) == 0
    assert pitch_jaccard(rests, keys) == pytest.approx(0.25)
    assert pitch_jaccard(keys[:60], keys) == pytest.approx(0.5)
    assert pitch_jaccard(keys_of_track(REST), keys_of_track(REST)) == 0
    assert np.isnan(pitch_jaccard(keys_of_track(NOTHING), keys_of_track(NOTHING)))


def test_jaccard_of_whole_sets_heeds_neither_octave_nor_order():
    assert set_distance(tracked(62, 79, 60, 64), TUNE) == 0
    assert set_distance(tracked(60, 64, 67, 69), TUNE) == pytest.approx(1 - 3 / 5)
    assert set_distance(REST, TUNE) == 1
    assert np.isnan(set_distance(REST, NOTHING))


def test_probabilities_become_the_likeliest_classes_without_rests():
    sounding = np.full((40, 88), 0.05)
    sounding[:10, 60 - 21] = 0.9
    sounding[10:20, 64 - 21] = 0.9
    sounding[10:20, 67 - 21] = 0.5
    # The octave above sounds louder: of one class they are one.
    sounding[30:, [62 - 21, 74 - 21]] = 0.4, 0.8
    assert classes_of_probabilities(sounding).tolist() == [0] * 10 + [4] * 10 + [2] * 10
    assert classes_of_probabilities(sounding[20:30]).tolist() == []
