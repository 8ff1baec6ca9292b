import numpy as np
import pytest

from umtn_core.evaluation.listening.rhythm import onset_counts, onset_deviations, rhythm, same_tempo

RATE = 16_000


def struck(times, seconds=6.0, hertz=(523.0, 659.0, 784.0)):
    """Notes that begin suddenly and fade."""
    audio = np.zeros(round(seconds * RATE))
    for k, start in enumerate(times):
        first = round(start * RATE)
        time = np.arange(len(audio) - first) / RATE
        pitch = hertz[k % len(hertz)]
        audio[first:] += 0.3 * np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time)
    return audio


EVEN = np.arange(0.5, 5.5, 0.5)


def test_onsets_are_where_notes_begin():
    found = rhythm(struck(EVEN)).onsets
    assert len(found) == len(EVEN)
    assert np.abs(found - EVEN).max() < 0.03


def test_the_tempo_is_that_of_the_beats():
    assert rhythm(struck(EVEN)).tempo == pytest.approx(120, rel=0.03)
    assert rhythm(struck(np.arange(0.2, 5.8, 0.4))).tempo == pytest.approx(150, rel=0.03)
    same, other = rhythm(struck(EVEN)), rhythm(struck(np.arange(0.2, 5.8, 0.4)))
    assert same_tempo(same, same) == 1.0
    assert same_tempo(other, same) == 0.0


def test_silence_has_no_rhythm():
    silence, beats = rhythm(np.zeros(RATE)), rhythm(struck(EVEN))
    assert len(silence.onsets) == 0
    assert onset_counts(silence, beats) == (0.0, len(EVEN))
    assert onset_deviations(silence, beats) == (0.0, 0.0)
    assert same_tempo(silence, beats) == 0.0
    assert np.isnan(same_tempo(beats, silence))


def test_missing_and_late_onsets_are_told_apart():
    beats = rhythm(struck(EVEN))
    twice, both = onset_counts(rhythm(struck(EVEN[::2])), beats)
    assert twice / both == pytest.approx(2 * 5 / 15)
    late = rhythm(struck(EVEN + 0.08))
    assert onset_counts(late, beats)[0] == 0.0
    total, pairs = onset_deviations(late, beats)
    # A constant delay is no unevenness.
    assert pairs == len(EVEN) and total / pairs < 12
    uneven = rhythm(struck(EVEN + np.resize([0.04, -0.04], len(EVEN))))
    total, pairs = onset_deviations(uneven, beats)
    assert total / pairs == pytest.approx(40, abs=15)
