"""Joins of signals of which is known how they should come out."""

import itertools
import tracemalloc

import numpy as np
import pytest

from tests.umtn_core.cutting import cut as divided
from umtn_core.segments.join import joined, joining
from umtn_core.segments.plan import REACH, SHIFT, Segment, plan
from umtn_core.shape import PRESETS

RATE = 16_000


def tone(samples, hertz=220.0, phase=0.0, level=0.5):
    return (level * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE + phase)).astype(
        np.float32
    )


def cut(audio, segments):
    return [audio[segment.begin : segment.end] for segment in segments]


def test_one_segment_is_left_as_it_is():
    audio = tone(1_000)
    whole, joins = joined([audio], [Segment(0, 0, 1_000)], RATE)
    assert np.array_equal(whole, audio)
    assert not joins


@pytest.mark.parametrize("kind", ["tone", "noise", "silence"])
def test_parts_of_one_signal_give_it_back(kind):
    audio = {
        "tone": tone(20 * RATE),
        "noise": np.random.default_rng(0).normal(0, 0.1, 20 * RATE).astype(np.float32),
        "silence": np.zeros(20 * RATE, np.float32),
    }[kind]
    segments = plan(audio, PRESETS["small"], 8)
    whole, joins = joined(cut(audio, segments), segments, RATE)
    assert whole.shape == audio.shape
    assert np.abs(whole - audio).max() < 1e-5
    assert [join.shift for join in joins] == [0] * 7
    assert all(join.likeness > 0.999 for join in joins)


@pytest.mark.parametrize("hertz", [60.0, 233.0, 1_760.0])
def test_tones_of_any_phase_are_brought_into_phase(hertz):
    segments = plan(tone(20 * RATE), PRESETS["small"], 8)
    rng = np.random.default_rng(1)
    parts = [
        tone(segment.end - segment.begin, hertz, rng.uniform(0, 2 * np.pi)) for segment in segments
    ]
    whole, joins = joined(parts, segments, RATE)
    assert all(join.likeness > 0.98 for join in joins)
    assert all(abs(join.shift) <= SHIFT * RATE for join in joins[:-1])
    assert all(
        abs(join.place - segment.cut) <= REACH * RATE
        for join, segment in zip(joins, segments[1:], strict=True)
    )
    # Every stretch of a period or more is as loud as every other: no beat, no gap.
    window = round(4 * RATE / hertz)
    power = np.convolve(np.square(whole), np.ones(window) / window, "valid")
    assert power.min() > 0.85 * power.max()
    # And the slope never exceeds that of the tone by more than rounding allows: no click.
    assert np.abs(np.diff(whole)).max() < 1.2 * np.abs(np.diff(parts[0])).max()


def test_what_is_not_alike_keeps_its_power():
    segments = plan(np.zeros(60 * RATE, np.float32), PRESETS["small"], 40)
    rng = np.random.default_rng(2)
    parts = [
        rng.normal(0, 0.1, segment.end - segment.begin).astype(np.float32) for segment in segments
    ]
    whole, joins = joined(parts, segments, RATE)
    near = [np.square(whole[join.place - 240 : join.place + 240]).mean() for join in joins]
    assert np.mean(near) == pytest.approx(0.01, rel=0.15)


def test_the_end_is_never_missing():
    segments = plan(tone(5 * RATE), PRESETS["small"], 3)
    parts = [tone(segment.end - segment.begin, phase=i + 0.3) for i, segment in enumerate(segments)]
    whole, joins = joined(parts, segments, RATE)
    assert joins[-1].shift >= 0
    assert np.abs(whole[-200:]).max() > 0.45


def test_segments_that_come_in_blocks_are_joined_alike():
    rng = np.random.default_rng(0)
    audio = tone(12 * RATE)
    segments = plan(audio, PRESETS["small"], 6)
    parts = [part + rng.normal(0, 0.1, len(part)).astype("f4") for part in cut(audio, segments)]
    whole, joins = joined(parts, segments, RATE)
    found = []
    blocks = list(joining([divided(part) for part in parts], segments, RATE, found))
    assert np.array_equal(np.concatenate(blocks), whole)
    assert found == joins and len(joins) == 5


def test_of_long_segments_no_more_is_held_than_of_short_ones():
    """Memory does not grow with the length, of which much may be decoded as one stream."""
    segments = [Segment(0, 0, 200 * RATE), Segment(199 * RATE, 200 * RATE - 1600, 400 * RATE)]
    block = np.zeros(RATE, np.float32)

    def silence(segment):
        return itertools.repeat(block, (segment.end - segment.begin) // RATE + 1)

    tracemalloc.start()
    made = sum(map(len, joining([silence(each) for each in segments], segments, RATE)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made == 400 * RATE
    assert peak < 8e6
