"""What every cutting of a signal must hold to."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.segments.plan import REACH, Margins, plan, segment_id
from umtn_core.shape import PRESETS

RATE = 16_000


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(1, 40 * RATE),
    count=st.integers(1, 80),
    name=st.sampled_from(["small", "paper"]),
    seed=st.integers(0, 5),
)
def test_segments_cover_the_signal_and_hear_enough_before_and_after(samples, count, name, seed):
    shape = PRESETS[name]
    segments = plan(noise(samples, seed), shape, count)
    margins = Margins.of(shape)
    assert 1 <= len(segments) <= count
    assert (segments[0].begin, segments[0].cut, segments[-1].end) == (0, 0, samples)
    for before, after in itertools.pairwise(segments):
        assert after.begin % shape.hop == 0
        assert after.begin >= 0
        assert after.cut - after.begin >= margins.before
        assert before.end - after.cut == margins.after or before.end == samples
        assert after.cut - before.cut >= margins.shortest // 2 > 2 * REACH * RATE
    assert segments[-1].end - segments[-1].cut >= margins.shortest // 2 or len(segments) == 1


@pytest.mark.parametrize("samples", [1, 2, 400, RATE // 2])
def test_what_is_short_stays_in_one(samples):
    assert len(plan(noise(samples), PRESETS["small"], 64)) == 1


def test_streams_are_about_equally_long():
    shape = PRESETS["paper"]
    segments = plan(noise(60 * RATE), shape, 16)
    lengths = [segment.end - segment.begin for segment in segments]
    assert len(lengths) == 16
    assert max(lengths) < 1.2 * min(lengths)
    assert max(lengths) < 1.1 * Margins.of(shape).longest_stream(60 * RATE, 16)


def test_cuts_go_to_quiet_places():
    audio = noise(20 * RATE)
    even = [segment.cut for segment in plan(audio, PRESETS["small"], 4)][1:]
    for place in even:
        audio[place + 2_000 : place + 3_600] *= 0.01
    for place, segment in zip(even, plan(audio, PRESETS["small"], 4)[1:], strict=True):
        assert place + 2_000 < segment.cut < place + 3_600


def test_no_two_segments_share_random_numbers():
    assert segment_id(3, 0) == 3
    ids = {segment_id(signal, segment) for signal in range(64) for segment in range(64)}
    assert len(ids) == 64 * 64
