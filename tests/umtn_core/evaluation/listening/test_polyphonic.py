import sys

import numpy as np
import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening import polyphonic
from umtn_core.evaluation.listening.polyphonic import HOP, RATE, notes_from_posteriors
from umtn_core.evaluation.measures.notes import compare_notes

SECOND = RATE / HOP


def roll(notes, frames=200):
    """Perfect posteriors of (start frame, end frame, key)."""
    sounding, struck = np.zeros((frames, 88)), np.zeros((frames, 88))
    for start, end, key in notes:
        sounding[start:end, key] = 0.9
        struck[start, key] = 0.9
    return sounding, struck


def frames_of(found):
    return [(round(start * SECOND), round(end * SECOND), midi - 21) for start, end, midi in found]


def test_chords_and_repetitions_are_written_down():
    played = [(10, 50, 30), (10, 60, 34), (50, 90, 30), (199, 200, 3)]
    assert frames_of(notes_from_posteriors(*roll(played))) == played[:3]


def test_a_short_doubt_does_not_end_a_note_and_a_long_one_does():
    sounding, struck = roll([(10, 100, 30)])
    sounding[40:43, 30] = 0.1
    assert frames_of(notes_from_posteriors(sounding, struck)) == [(10, 100, 30)]
    sounding[40:60, 30] = 0.1
    assert frames_of(notes_from_posteriors(sounding, struck)) == [(10, 40, 30)]


def test_what_is_improbable_is_no_note():
    sounding, struck = roll([(10, 100, 30)])
    assert notes_from_posteriors(sounding, struck * 0.5) == []
    assert notes_from_posteriors(sounding * 0.4, struck) == []


def test_finds_two_voices_of_real_renders(render):
    if not polyphonic.installed():
        pytest.skip("Basic Pitch is not installed (pip install --no-deps basic-pitch)")
    (one, lower), (two, upper) = render(71, seed=0), render(73, seed=1)
    found = notes_from_posteriors(*polyphonic.posteriors(0.5 * (one + two)))
    assert compare_notes([(found, lower + upper)]).f1 > 0.6
    shifted = [(start, end, pitch + 1) for start, end, pitch, _ in lower + upper]
    assert compare_notes([(found, shifted)]).f1 < 0.3
    assert "basic_pitch" not in sys.modules


def test_says_what_to_install(monkeypatch):
    monkeypatch.setattr(polyphonic, "_model_file", lambda: None)
    with pytest.raises(UmtnError, match="--no-deps basic-pitch"):
        polyphonic.posteriors(np.zeros(100))
