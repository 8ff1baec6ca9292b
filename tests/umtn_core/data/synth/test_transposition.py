import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.data.synth.score import Note
from umtn_core.data.synth.transposition import fit_to_range


def line(pitches):
    return [Note(float(i), 1.0, p) for i, p in enumerate(pitches)]


def fit(pitches, low=60, high=84, heard=None, seed=0):
    heard = np.zeros(128) if heard is None else heard
    notes = fit_to_range(line(pitches), (low, high), heard, np.random.default_rng(seed))
    return [n.pitch for n in notes]


@settings(deadline=None)
@given(st.lists(st.integers(20, 108), min_size=1, max_size=40), st.integers(0, 3))
def test_what_comes_out_lies_in_the_range_and_keeps_the_tune(pitches, seed):
    result = fit(pitches, seed=seed)
    if not result:
        # Only a piece with much outside any window of the range may be refused.
        inside = [sum(low <= p <= low + 24 for p in pitches) for low in range(0, 109)]
        assert max(inside) < 0.9 * len(pitches)
        return
    assert all(60 <= p <= 84 for p in result)
    shifts = [(b - a) % 12 for a, b in zip(pitches, result, strict=True)]
    assert len(set(shifts)) == 1  # one transposition, but for octaves
    exact = [b - a for a, b in zip(pitches, result, strict=True)]
    assert exact.count(max(set(exact), key=exact.count)) >= 0.9 * len(pitches) - 1e-9


def test_it_goes_where_least_was_heard():
    heard = np.zeros(128)
    heard[60:74] = 100.0
    assert min(fit([60, 62, 64], heard=heard)) >= 74


def test_many_tunes_cover_the_range_evenly(tune):
    heard = np.zeros(128)
    for seed in range(80):
        notes = fit_to_range(tune(seed).notes, (60, 84), heard, np.random.default_rng(seed))
        for note in notes:
            heard[note.pitch] += note.duration
    share = heard[60:85] / heard.sum()
    assert share.min() > 0.4 / 25 and share.max() < 1.7 / 25


def test_a_range_too_narrow_is_refused():
    assert fit([60, 72, 60, 72], low=60, high=65) == []
    assert fit([]) == []
