from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.data.synth.performance import melody, perform, without_unisons
from umtn_core.data.synth.recipe import PerformanceSettings
from umtn_core.data.synth.score import Note, Score

written = st.lists(
    st.builds(
        Note,
        st.integers(0, 64).map(lambda n: n / 4),
        st.sampled_from([1 / 12, 0.25, 1 / 3, 0.5, 1.0, 4.0]),
        st.integers(60, 72),
    ),
    min_size=1,
    max_size=60,
).map(lambda notes: sorted(notes, key=lambda n: (n.onset, n.pitch)))

LOOSE = PerformanceSettings(jitter_s=0.05, drift=0.3, legato=(0.7, 1.0))
STRICT = PerformanceSettings(
    onsets_per_second=(2.0, 2.0), drift=0, jitter_s=0, shaping=0, legato=(1.0, 1.0),
    articulation=0, velocity=(80, 80), gap_s=0,
    shortest_s=0,
)  # fmt: skip


def play(notes, options=LOOSE, seed=0, mono=True, max_s=30.0):
    score = Score("n", "t", "CC0", None, 4.0, notes)
    return perform(score, notes, options, np.random.default_rng(seed), mono=mono, max_s=max_s)


@settings(deadline=None)
@given(written, st.integers(0, 5))
def test_a_single_line_never_sounds_two_notes(notes, seed):
    played = play(melody(notes), seed=seed).notes
    assert all(a.end < b.start for a, b in pairwise(played))


@settings(deadline=None)
@given(written, st.integers(0, 5))
def test_one_pitch_never_sounds_twice_at_once(notes, seed):
    played = play(without_unisons(notes), seed=seed, mono=False).notes
    for pitch in {n.pitch for n in played}:
        line = [n for n in played if n.pitch == pitch]
        assert all(a.end < b.start for a, b in pairwise(line))


@settings(deadline=None)
@given(written, st.booleans(), st.floats(1.0, 20.0))
def test_what_is_played_lies_within_its_time(notes, mono, max_s):
    line = melody(notes) if mono else without_unisons(notes)
    result = play(line, mono=mono, max_s=max_s)
    assert 0 < result.seconds <= max_s
    for note in result.notes:
        assert 0 <= note.start < note.end <= result.seconds
        assert 1 <= note.velocity <= 127
    assert [n.start for n in result.notes] == sorted(n.start for n in result.notes)


def test_melody_is_the_top_line_cut_where_the_next_note_begins():
    notes = [Note(0, 2.0, 60), Note(0, 1.0, 67), Note(0.5, 1.0, 64), Note(2, 1.0, 65)]
    assert melody(notes) == [Note(0, 0.5, 67), Note(0.5, 1.0, 64), Note(2, 1.0, 65)]


def test_unisons_become_one_note():
    notes = [Note(0, 1.0, 60), Note(0, 2.0, 60), Note(0, 2.0, 64), Note(1, 1.0, 60)]
    assert without_unisons(notes) == [Note(0, 1.0, 60), Note(0, 2.0, 64), Note(1, 1.0, 60)]


def test_all_strengths_at_zero_play_what_is_written(tune):
    notes = melody(tune().notes)
    played = play(notes, STRICT, max_s=1000).notes
    assert [n.pitch for n in played] == [n.pitch for n in notes]
    onsets = np.array([n.onset for n in notes])
    starts = np.array([n.start for n in played])
    quarter = (starts[-1] - starts[0]) / (onsets[-1] - onsets[0])
    assert np.allclose(starts - starts[0], onsets * quarter)
    lengths = np.array([n.end - n.start for n in played])
    assert np.allclose(lengths, [n.duration * quarter for n in notes], atol=1e-6)
    assert {n.velocity for n in played} == {80}


def test_tempo_is_set_by_the_rate_of_onsets(tune):
    notes = melody(tune(notes=200).notes)
    for rate in (1.5, 4.0):
        options = PerformanceSettings(onsets_per_second=(rate, rate), shortest_s=0)
        result = play(notes, options, max_s=1000)
        assert len(result.notes) / result.seconds == pytest.approx(rate, rel=0.05)


def test_fast_passages_slow_the_tempo():
    notes = [Note(i / 16, 1 / 16, 60 + i % 5) for i in range(160)]
    options = PerformanceSettings(onsets_per_second=(30.0, 30.0), shortest_s=0.12)
    result = play(notes, options, max_s=1000)
    assert len(result.notes) / result.seconds == pytest.approx(1 / 0.12, rel=0.05)


def test_performances_differ_by_seed_and_only_by_it(tune):
    notes = melody(tune().notes)
    assert play(notes, seed=1) == play(notes, seed=1) != play(notes, seed=2)


def test_long_notes_are_cut():
    notes = [Note(0, 0.5, 60), Note(0.5, 0.5, 62), Note(1, 40.0, 64), Note(41, 1.0, 65)]
    options = PerformanceSettings(longest_s=1.5)
    assert max(n.end - n.start for n in play(notes, options, max_s=1000).notes) <= 1.5 + 1e-9
