"""The result as loud as the recording was, at every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.umtn_core.dynamics.test_ride import NOTES, RATE, decibels, note, phrase, ride_of
from umtn_core.dynamics.envelope import Envelope
from umtn_core.evaluation.measures.swell import frame_levels, swell_slope


def given_back(ride, decoded, rate=RATE):
    envelope = Envelope(ride, rate)
    return np.concatenate([envelope(np.asarray(decoded, np.float32)), envelope.rest()])


def uneven(audio, seed=0):
    """What a decoder makes: as loud everywhere, but for its own unevenness, and late."""
    rng = np.random.default_rng(seed)
    steps = np.linspace(0, len(audio), round(4 * len(audio) / RATE) + 2)
    drift = np.interp(np.arange(len(audio)), steps, rng.uniform(-4, 4, len(steps)))
    return (np.roll(audio, 320) * 10 ** (drift / 20)).astype(np.float32)


@settings(deadline=None, max_examples=30)
@given(
    samples=st.integers(0, 20_000),
    cuts=st.lists(st.integers(0, 20_000), max_size=12),
    rate=st.sampled_from([16_000, 22_050, 32_000]),
)
def test_it_is_the_same_bits_however_the_audio_is_divided(samples, cuts, rate):
    rng = np.random.default_rng(0)
    decoded = rng.normal(0, 0.1, samples).astype(np.float32)
    source = rng.normal(0, 0.1, samples * RATE // rate).astype(np.float32)
    source[4_000:8_000] = 0
    ride = ride_of(source)
    envelope = Envelope(ride, rate)
    parts = np.split(decoded, sorted(min(cut, samples) for cut in cuts))
    divided = np.concatenate([*(envelope(part) for part in parts), envelope.rest()])
    assert divided.tobytes() == given_back(ride, decoded, rate).tobytes()
    assert len(divided) == samples


def test_it_lags_by_less_than_half_a_second():
    source = phrase()
    assert len(Envelope(ride_of(source), RATE)(source)) > len(source) - RATE // 2


@pytest.mark.parametrize("rate", [16_000, 32_000])
def test_a_swell_comes_back(rate):
    tones = np.concatenate([phrase(), phrase()])
    source = tones * decibels(-30 * np.abs(np.linspace(-1, 1, len(tones))))
    decoded = uneven(np.repeat(tones, rate // RATE))
    made = given_back(ride_of(source), decoded, rate)[:: rate // RATE]
    assert swell_slope(made, source, RATE) == pytest.approx(1, abs=0.03)
    apart = frame_levels(made, RATE) - frame_levels(source, RATE)
    assert np.std(apart[5:-5]) < 1.5


@pytest.mark.parametrize("softer", [6, 15, 24, 30])
def test_a_softer_phrase_is_softer_by_as_much(softer):
    source = np.concatenate([phrase(), phrase() * decibels(-softer)])
    made = given_back(ride_of(source), uneven(np.concatenate([phrase(), phrase()])))
    loud, soft = (frame_levels(half, RATE) for half in np.split(made, 2))
    assert loud.mean() - soft.mean() == pytest.approx(softer, abs=0.5)


def test_a_steady_tone_stays_steady():
    tone = note(523.25, 4.0)
    made = given_back(ride_of(tone), 2 * tone)
    factors = made[RATE:-RATE] / np.where(tone, tone, 1)[RATE:-RATE]
    assert 20 * np.log10(factors.max() / factors.min()) < 0.1


def test_a_tremolo_is_not_doubled():
    tone = note(523.25, 4.0)
    depth = 1 + 0.4 * np.sin(2 * np.pi * 5.5 * np.arange(len(tone)) / RATE)
    source = (tone * depth).astype(np.float32)
    wanted = np.std(frame_levels(source, RATE)[5:-5])
    for decoded in (tone, source):
        made = np.std(frame_levels(given_back(ride_of(source), decoded), RATE)[5:-5])
        assert 0.6 * wanted < made < 1.1 * wanted


def test_it_rests_where_the_recording_does():
    rest = np.zeros(RATE // 2, np.float32)
    source = np.concatenate([part for hertz in NOTES for part in (note(hertz), rest)])
    hum = 0.03 * np.random.default_rng(0).normal(size=len(source)).astype(np.float32)
    made = given_back(ride_of(source), np.roll(source, 480) + hum)
    for i in range(4):
        begins, ends = i * RATE + RATE // 2, (i + 1) * RATE
        assert np.abs(made[begins + round(0.06 * RATE) : ends - round(0.04 * RATE)]).max() < 1e-4
        # The attack is there, from its very beginning.
        if i:
            attack = made[i * RATE : i * RATE + 1_600]
            assert 10 * np.log10(np.mean(attack**2) / np.mean(source[i * RATE :][:1_600] ** 2)) > -3


def test_a_decay_is_followed_to_its_end():
    time = np.arange(4 * RATE) / RATE
    struck = (np.exp(-1.5 * time) * np.sin(2 * np.pi * 523.25 * time)).astype(np.float32)
    held = (0.2 * np.sin(2 * np.pi * 523.25 * time)).astype(np.float32)
    made = given_back(ride_of(struck), held)
    apart = frame_levels(made, RATE) - frame_levels(struck, RATE)
    assert frame_levels(struck, RATE)[-2] < frame_levels(struck, RATE)[0] - 50
    assert np.abs(apart[2:-2]).max() < 1.5


def test_a_decoder_that_falls_silent_is_not_raised_without_end():
    source = note(523.25, 2.0)
    made = given_back(ride_of(source), 1e-4 * source)
    assert np.abs(made).max() < 0.01 * np.abs(source).max()


def test_amounts_between_are_levels_between():
    source = np.concatenate([phrase(), phrase() * decibels(-20)])
    decoded = np.concatenate([phrase(), phrase()])
    half = given_back(ride_of(source, 0.5, 0.0), decoded)
    loud, soft = (frame_levels(part, RATE) for part in np.split(half, 2))
    assert loud.mean() - soft.mean() == pytest.approx(10, abs=1)


def test_what_goes_on_after_the_recording_is_silent():
    source = phrase()
    made = given_back(ride_of(source), np.concatenate([source, source]))
    assert not made[len(source) + 800 :].any()


def test_a_note_that_fades_is_not_faded_twice():
    """The decoder fades as it heard it do: there is nothing to be put right."""
    time = np.arange(RATE) / RATE
    struck = (0.5 * np.sin(2 * np.pi * 440 * time) * decibels(-40 * time)).astype(np.float32)
    source = np.concatenate([struck, struck, struck])
    ride = ride_of(source)
    made = given_back(ride, ride.applied(source, 0, RATE))
    apart = frame_levels(made, RATE) - frame_levels(source, RATE)
    assert np.abs(np.median(apart)) < 0.3 and np.percentile(np.abs(apart), 90) < 2


def test_what_hums_where_a_note_is_missed_is_raised_little():
    length = RATE // 2
    source = phrase()
    ride = ride_of(source)
    decoded = ride.applied(source, 0, RATE).copy()
    missed = slice(2 * length, 3 * length)
    rng = np.random.default_rng(0)
    decoded[missed] = 0.05 * np.std(decoded) * rng.normal(size=length).astype(np.float32)
    made = given_back(ride, decoded)
    inside = slice(2 * length + length // 4, 3 * length - length // 4)
    softer = 20 * np.log10(np.std(source[inside]) / np.std(made[inside]))
    assert 12 < softer < 26
