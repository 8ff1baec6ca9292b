"""Rests of known length, with noise of known level in them."""

import numpy as np
import pytest

from umtn_core.evaluation.measures.rests import rest_after, rest_level, rests

RATE = 16_000


def tone(seconds, rate=RATE):
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def melody(rest=0.5, rate=RATE):
    """A tone of 1 s, a rest, a tone of 1 s and another rest."""
    silence = np.zeros(round(rest * rate))
    return np.concatenate([tone(1.0, rate), silence, tone(1.0, rate), silence])


def noise(samples, dbfs):
    made = np.random.default_rng(0).standard_normal(samples)
    return made / np.sqrt(np.mean(made**2)) * 10 ** (dbfs / 20)


def test_rests_are_found_where_they_are():
    assert [(r.start, r.stop) for r in rests(melody(), RATE)] == [(100, 150), (250, 300)]
    # A room's noise, 70 dB below, is a rest as well.
    heard = melody() + noise(len(melody()), -80)
    assert [(r.start, r.stop) for r in rests(heard, RATE)] == [(100, 150), (250, 300)]


@pytest.mark.parametrize("reference", [melody(0.1), tone(2.0), np.zeros(RATE), np.zeros(0)])
def test_short_gaps_steady_tones_and_silence_have_no_rests(reference):
    assert rests(reference, RATE) == []
    assert np.isnan(rest_level(tone(2.0), reference, RATE))
    assert np.isnan(rest_after(tone(2.0), reference, RATE))


@pytest.mark.parametrize("dbfs", [-50.0, -70.0])
@pytest.mark.parametrize("rate", [RATE, 32_000])
def test_noise_in_rests_has_its_level_and_never_ends(dbfs, rate):
    reference = melody(rate=rate)
    made = np.where(reference == 0, noise(len(reference), dbfs), reference)
    assert rest_level(made, reference, rate) == pytest.approx(dbfs, abs=0.2)
    assert rest_after(made, reference, rate) == 500


def test_silence_is_silent_at_once():
    assert rest_level(melody(), melody(), RATE) == pytest.approx(-120)
    assert rest_after(melody(), melody(), RATE) == 0


@pytest.mark.parametrize("late", [0.03, 0.2])
def test_a_tone_that_lasts_too_long_is_timed(late):
    reference, made = melody(), melody()
    made[RATE : RATE + round(late * RATE)] = 0.1
    # The second rest is silent at once.
    assert rest_after(made, reference, RATE) == pytest.approx(1000 * late / 2)
    # 30 ms are within what a rest is granted.
    assert (rest_level(made, reference, RATE) > -100) == (late > 0.06)


def test_the_next_note_may_begin_a_little_early():
    reference, made = melody(), melody()
    made[round(1.48 * RATE) : round(1.5 * RATE)] = 0.3
    assert rest_level(made, reference, RATE) == pytest.approx(-120)
    assert rest_after(made, reference, RATE) == 0


def test_a_rest_before_the_first_note_has_no_beginning():
    reference = np.concatenate([np.zeros(RATE // 2), tone(1.0)])
    made = np.where(reference == 0, noise(len(reference), -50), reference)
    assert rest_level(made, reference, RATE) == pytest.approx(-50, abs=0.2)
    assert np.isnan(rest_after(made, reference, RATE))
