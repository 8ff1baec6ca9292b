"""The loudness at which the encoder hears a recording, found from its levels."""

import numpy as np
import pytest

from umtn_core.dynamics.levels import LevelMeter
from umtn_core.dynamics.ride import Ride
from umtn_core.dynamics.tones import ToneMeter

RATE = 16_000
REFERENCE = -16.0
NOTES = (523.25, 659.26, 587.33, 783.99)


def note(hertz, seconds=0.5, rate=RATE):
    time = np.arange(round(seconds * rate)) / rate
    fade = np.clip(np.minimum(time, seconds - time) / 0.02, 0, 1)
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k**1.5 for k in (1, 2, 3, 5))
    return (0.2 * fade * wave).astype(np.float32)


def phrase(seconds=0.5):
    return np.concatenate([note(hertz, seconds) for hertz in NOTES])


def levels_of(audio, rate=RATE):
    meter = LevelMeter(rate)
    meter.add(np.asarray(audio, np.float32))
    return meter.levels()


def tonal_of(audio, rate=RATE):
    meter = ToneMeter(rate)
    meter.add(np.asarray(audio, np.float32))
    return meter.tonal()


def ride_of(audio, amount=1.0, whole_gain_db=5.0, recorded=None):
    levels = levels_of(audio)
    return Ride.of(
        levels,
        levels if recorded is None else recorded,
        tonal_of(audio),
        reference_lufs=REFERENCE,
        amount=amount,
        whole_gain_db=whole_gain_db,
    )


def heard(audio, ride=None):
    return (ride or ride_of(audio)).applied(np.asarray(audio, np.float32), 0, RATE)


def decibels(value):
    return np.float32(10 ** (value / 20))


@pytest.mark.parametrize("softer", [6, 15, 30, 40])
def test_a_softer_phrase_is_heard_as_loud_as_a_loud_one(softer):
    audio = np.concatenate([phrase(), phrase() * decibels(-softer)])
    loud, soft = np.split(levels_of(heard(audio)), 2)
    # The step between them is followed at once: only its own 50 ms differ.
    np.testing.assert_allclose(loud[:-5], soft[5:].mean(), atol=12)
    assert np.abs(np.median(loud) - np.median(soft)) < 0.5
    assert np.median(soft) == pytest.approx(REFERENCE + 0.7, abs=1)
    middles = [slice(50 * i + 10, 50 * i + 40) for i in range(4)]
    for middle in middles:
        assert loud[middle].mean() == pytest.approx(soft[middle].mean(), abs=1)


def test_a_recording_that_is_hardly_there_is_raised():
    audio = phrase() * decibels(-80)
    assert np.median(levels_of(heard(audio))) == pytest.approx(REFERENCE + 0.7, abs=1)


def test_what_has_no_sound_is_left_alone():
    for audio in (np.zeros(RATE), np.full(RATE, 1e-41)):
        ride = ride_of(audio)
        assert np.isnan(ride.levels).all()
        assert not heard(audio, ride).any() or np.abs(heard(audio, ride)).max() < 1e-6
    assert heard(np.zeros(0)).shape == (0,)


def test_a_click_changes_nothing_away_from_it():
    audio = phrase() * decibels(-40)
    clicked = audio.copy()
    at = 18_000
    clicked[at : at + 8] = 1
    quiet, ride = ride_of(audio), ride_of(clicked)
    assert np.nanmax(np.abs(ride.gains - quiet.gains)) < 0.2
    assert np.nanmax(np.abs(ride.levels - quiet.levels)) < 0.5
    away = np.abs(np.arange(len(ride.levels)) - at // 160) > 10
    assert ride.levels[away].tobytes() == quiet.levels[away].tobytes()


def test_a_steady_tone_has_one_gain():
    ride = ride_of(note(523.25, 4.0))
    assert np.ptp(ride.gains[10:-10]) < 0.1


def test_a_fast_tremolo_is_left_to_the_encoder():
    audio = note(523.25, 4.0)
    audio *= (1 + 0.4 * np.sin(2 * np.pi * 5.5 * np.arange(len(audio)) / RATE)).astype(np.float32)
    assert np.ptp(ride_of(audio).gains[50:-50]) < 1.5


def test_the_gain_stays_in_a_rest_until_shortly_before_the_next_note():
    rest = np.zeros(RATE, np.float32)
    ride = ride_of(np.concatenate([phrase(), rest, phrase() * decibels(-20)]))
    before, rested, after = ride.gains[100], ride.gains[215:285], ride.gains[350]
    np.testing.assert_allclose(rested, before, atol=1)
    assert after - before == pytest.approx(20, abs=1)
    assert ride.gains[300] == pytest.approx(after, abs=1)
    assert np.isnan(ride.levels[205:295]).all()
    assert not np.isnan(np.delete(ride.levels, np.s_[198:302])).any()


def test_noise_far_below_the_music_is_not_raised_to_it():
    rng = np.random.default_rng(0)
    noise = (3e-4 * rng.normal(size=2 * RATE)).astype(np.float32)
    ride = ride_of(np.concatenate([phrase(), noise]))
    assert ride.gains[250:].max() < ride.gains[100] + 3


def test_an_attack_is_not_clipped_much():
    time = np.arange(2 * RATE) / RATE
    plucked = np.tile(np.exp(-3 * time) * np.sin(2 * np.pi * 523.25 * time), 3)
    assert (np.abs(heard(plucked)) > 1).mean() < 0.01
    accent = np.concatenate([phrase() * decibels(-20), note(659.26, 0.3), phrase() * decibels(-20)])
    assert (np.abs(heard(accent)) > 1).mean() < 0.01


def test_amounts_between_are_gains_between():
    audio = np.concatenate([phrase(), phrase() * decibels(-30)])
    none, half, full = (ride_of(audio, amount) for amount in (0, 0.5, 1))
    np.testing.assert_allclose(none.gains, 5.0)
    np.testing.assert_allclose(half.gains, (none.gains + full.gains) / 2, atol=1e-4)


def test_a_stretch_is_ridden_as_in_the_whole():
    audio = np.random.default_rng(0).normal(0, 0.1, 3 * RATE + 77).astype(np.float32)
    audio *= np.linspace(0, 1, len(audio), dtype=np.float32)
    ride = ride_of(audio)
    whole = heard(audio, ride)
    for begin, end in ((0, 100), (1, 2), (12_345, 30_000), (RATE, len(audio)), (500, 500)):
        part = ride.applied(audio[begin:end], begin, RATE)
        assert part.tobytes() == whole[begin:end].tobytes()


def noisy(audio, below, seed=0):
    """With noise so many dB below 0."""
    noise = np.random.default_rng(seed).normal(size=len(audio))
    return (audio + decibels(-below) * noise).astype(np.float32)


def test_noise_between_phrases_is_a_rest():
    rest = np.zeros(RATE, np.float32)
    audio = noisy(np.concatenate([phrase(), rest, phrase() * decibels(-12), rest]), 50)
    ride = ride_of(audio)
    resting = np.isnan(ride.levels)
    assert resting[206:294].all() and resting[506:594].all()
    assert not resting[:198].any() and not resting[302:498].any()


@pytest.mark.parametrize("softer", [15, 30])
def test_a_soft_phrase_in_noise_is_no_rest(softer):
    audio = noisy(np.concatenate([phrase(), phrase() * decibels(-softer)]), 55)
    ride = ride_of(audio)
    assert np.isnan(ride.levels).mean() < 0.05
    assert ride.gains[300] - ride.gains[100] == pytest.approx(softer, abs=1.5)


def test_dither_is_a_rest():
    dither = noisy(np.zeros(2 * RATE), 96)
    assert np.isnan(ride_of(dither).levels).all()


def test_noise_as_loud_as_the_music_is_not_taken_out():
    drum = np.random.default_rng(0).normal(size=RATE) * np.exp(-20 * np.arange(RATE) / RATE)
    audio = np.concatenate([phrase(), 0.3 * drum[: RATE // 10], phrase()])
    assert not np.isnan(ride_of(audio).levels[200:205]).any()


def test_the_envelope_is_that_of_the_recording_at_its_own_rate():
    audio = phrase()
    for steps in (-1, 0, 1):
        recorded = np.resize(levels_of(audio) + 3, len(levels_of(audio)) + steps)
        ride, plain = ride_of(audio, recorded=recorded), ride_of(audio)
        np.testing.assert_allclose(ride.levels[:195], plain.levels[:195] + 3, atol=1e-4)
        assert len(ride.levels) == len(plain.levels)
        assert ride.gains.tobytes() == plain.gains.tobytes()
