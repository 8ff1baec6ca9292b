"""The offset of tuning, on tones that are off by known amounts."""

import numpy as np
import pytest

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack, track
from umtn_core.evaluation.measures.tuning import tuning_offset

TUNE = np.repeat([262.0, 330.0, 392.0, 294.0], 40)


def played(hertz):
    return PitchTrack(np.asarray(hertz, float), np.ones(len(hertz)))


def tone(hertz, rate=16_000):
    time = np.arange(rate) / rate
    return sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 6)) * 0.2


@pytest.mark.parametrize("cents", [13.0, -13.0, 0.0, 45.0])
def test_a_detuned_tone_is_found_detuned(cents):
    found = tuning_offset(track(tone(440 * 2 ** (cents / 1200))), track(tone(440)))
    assert found == pytest.approx(cents, abs=0.5)


def test_octaves_rests_and_single_wrong_notes_are_passed_by():
    sharp = TUNE * 2 ** (13 / 1200)
    assert tuning_offset(played(2 * sharp), played(TUNE)) == pytest.approx(13)
    sharp[:30] *= 2 ** (4 / 12)
    sharp[60:70] = 0
    assert tuning_offset(played(sharp), played(TUNE)) == pytest.approx(13)


def test_too_little_in_common_gives_no_figure():
    rest = np.zeros(len(TUNE))
    assert np.isnan(tuning_offset(played(rest), played(TUNE)))
    assert np.isnan(tuning_offset(played(TUNE[:9]), played(TUNE)))
    assert np.isnan(tuning_offset(played([]), played([])))
