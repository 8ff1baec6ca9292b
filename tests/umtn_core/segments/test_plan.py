"""What every cutting of a signal must hold to."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.segments.plan import (
    REACH,
    Margins,
    plan,
    plan_by_levels,
    samples_made,
    segment_id,
    warm_up,
)
from umtn_core.segments.quiet import QuietMeter
from umtn_core.shape import PRESETS, NetworkShape

RATE = 16_000
#: Neither rate a multiple of the other.
ODD = NetworkShape(decoder_sample_rate=24_000, bands=2, hop=400, decoder_input="embedding")


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(1, 40 * RATE),
    count=st.integers(1, 80),
    name=st.sampled_from(["small", "paper", "released", "wideband", "odd rates"]),
    context=st.sampled_from([None, 1_000, 12_000]),
    seed=st.integers(0, 5),
)
def test_segments_cover_the_signal_and_hear_enough_before_and_after(
    samples, count, name, context, seed
):
    shape = ODD if name == "odd rates" else PRESETS[name]
    segments = plan(noise(samples, seed), shape, count, context)
    margins = Margins.of(shape, context)
    made, rate = samples_made(samples, shape), shape.output_rate
    assert 0 <= made - samples * rate / shape.sample_rate < shape.bands
    assert 1 <= len(segments) <= count
    assert (segments[0].begin, segments[0].cut, segments[-1].end) == (0, 0, made)
    for before, after in itertools.pairwise(segments):
        assert after.begin % shape.output_hop == 0
        assert after.begin >= 0
        assert after.cut - after.begin >= margins.before
        assert 0 <= before.end - after.cut - margins.after < shape.bands or before.end == made
        assert before.end % shape.bands == 0
        assert after.cut - before.cut >= margins.shortest // 2 > 2 * REACH * rate
    assert segments[-1].end - segments[-1].cut >= margins.shortest // 2 or len(segments) == 1


@pytest.mark.parametrize("shape", [PRESETS["small"], PRESETS["wideband"], ODD])
def test_a_quiet_place_is_found_at_its_time_whatever_the_decoders_rate(shape):
    audio, rate = noise(20 * RATE), shape.output_rate
    even = [segment.cut / rate for segment in plan(audio, shape, 4)][1:]
    for second in even:
        audio[round((second + 0.12) * RATE) : round((second + 0.2) * RATE)] *= 0.01
    cuts = [segment.cut / rate for segment in plan(audio, shape, 4)][1:]
    for before, second in zip(even, cuts, strict=True):
        assert before + 0.12 < second < before + 0.2


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


@pytest.mark.parametrize("shape", [PRESETS["small"], ODD])
def test_blocks_of_any_length_are_planned_as_the_whole_is(shape):
    audio, meter = noise(20 * RATE + 7), QuietMeter(shape.sample_rate)
    for block in np.split(audio, [1, 1, 50_000, 50_159, 300_000]):
        meter.add(block)
    streamed = plan_by_levels(meter.powers(), len(audio), shape, 5, 400)
    assert streamed == plan(audio, shape, 5, 400)
    assert len(streamed) == 5


def test_nobody_warms_up_longer_than_excerpts_were_that_taught_the_network():
    shape = PRESETS["released"]
    assert warm_up(shape) == warm_up(shape, 10**6) == shape.receptive_field == 65_534
    assert warm_up(shape, 12_000) == 12_000
    known, unknown = Margins.of(shape, 12_000), Margins.of(shape)
    assert unknown.before - known.before == 65_534 - 12_000
    assert (known.after, known.hop) == (unknown.after, unknown.hop)
    spared = [
        sum(part.end - part.begin for part in plan(noise(30 * RATE), shape, 8, context))
        for context in (None, 12_000)
    ]
    assert spared[0] - spared[1] == pytest.approx(7 * (65_534 - 12_000), rel=0.02)


def test_no_two_segments_share_random_numbers():
    assert segment_id(3, 0) == 3
    ids = {segment_id(signal, segment) for signal in range(64) for segment in range(64)}
    assert len(ids) == 64 * 64
