import numpy as np
import pytest

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack
from umtn_core.evaluation.measures.alignment import OCTAVE, chroma_dtw, pitch_dtw, pitch_ncc, warp


def tracked(*midi, frames=30, late=0):
    values = np.repeat(np.array(midi, float), frames)
    hertz = np.where(np.isnan(values), 0.0, 440 * 2 ** ((values - 69) / 12))
    hertz = np.concatenate([np.zeros(late), hertz])[: len(hertz)]
    return PitchTrack(hertz, (hertz > 0).astype(float))


TUNE = tracked(60, 64, 67, 62, 72, 65)


def test_ncc_is_one_for_the_same_tune_in_any_key():
    assert pitch_ncc(TUNE, TUNE) == pytest.approx(1.0)
    assert pitch_ncc(tracked(63, 67, 70, 65, 75, 68), TUNE) == pytest.approx(1.0)


def test_ncc_forgives_a_short_delay_and_no_other_tune():
    assert pitch_ncc(tracked(60, 64, 67, 62, 72, 65, late=5), TUNE) > 0.95
    assert pitch_ncc(tracked(72, 62, 60, 67, 61, 70), TUNE) < 0.0


def test_ncc_counts_what_is_missing():
    half = tracked(60, np.nan, 67, np.nan, 72, np.nan)
    assert 0.3 < pitch_ncc(half, TUNE) < 0.95
    assert pitch_ncc(tracked(*[np.nan] * 6), TUNE) == 0.0
    assert pitch_ncc(TUNE, tracked(*[np.nan] * 6)) == 0.0


def test_dtw_is_in_semitones():
    assert pitch_dtw(TUNE, TUNE) == 0.0
    assert pitch_dtw(tracked(61, 65, 68, 63, 73, 66), TUNE) == pytest.approx(1.0, abs=0.2)
    assert pitch_dtw(tracked(*[np.nan] * 6), TUNE) == OCTAVE
    assert pitch_dtw(tracked(72, 62, 60, 67, 61, 70), TUNE) > 2.0


def test_dtw_forgives_rubato_within_its_band():
    late = tracked(60, 64, 67, 62, 72, 65, late=20)
    assert pitch_dtw(late, TUNE) < 0.3
    far = tracked(60, 64, 67, 62, 72, 65, late=100)
    assert pitch_dtw(far, TUNE) > 1.0


def slow_warp(cost, band):
    """The recurrence, cell by cell."""
    rows, columns = cost.shape
    best = np.full((rows + 1, columns + 1), np.inf)
    best[0, 0] = 0
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            if abs(i - j) <= band:
                c = cost[i - 1, j - 1]
                best[i, j] = min(best[i - 1, j] + c, best[i, j - 1] + c, best[i - 1, j - 1] + 2 * c)
    return best[-1, -1] / (rows + columns)


@pytest.mark.parametrize("shape", [(1, 1), (30, 30), (25, 32), (40, 12)])
def test_warping_is_the_recurrence(shape):
    cost = np.random.default_rng(0).uniform(size=shape)
    band = max(10, abs(shape[0] - shape[1]) + 1)
    assert warp(cost) == pytest.approx(slow_warp(cost, band))


def test_rests_agree_with_rests_only():
    rest, sound = np.zeros((10, 12)), np.eye(12)[[0] * 10]
    assert chroma_dtw(rest, rest) == 0.0
    assert chroma_dtw(sound, sound) == 0.0
    assert chroma_dtw(rest, sound) == 1.0
