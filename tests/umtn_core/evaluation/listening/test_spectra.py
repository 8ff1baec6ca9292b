import numpy as np
import pytest

from umtn_core.evaluation.listening.spectra import BANDS, envelope, envelope_distance, mel_spectrum

RATE = 16_000


def tone(hertz, seconds=1.0, rate=RATE, rolloff=1.0):
    time = np.arange(round(seconds * rate)) / rate
    orders = np.arange(1, int(7_000 / hertz))
    return 0.1 * sum(np.sin(2 * np.pi * k * hertz * time) / k**rolloff for k in orders)


def test_does_not_depend_on_level():
    audio = tone(440)
    assert envelope_distance(envelope(audio), envelope(0.03 * audio)) < 1e-6


def test_does_not_hear_rests():
    audio = tone(440)
    rests = np.concatenate([np.zeros(RATE), audio, np.zeros(3 * RATE)])
    assert envelope_distance(envelope(audio), envelope(rests)) < 1.0


def test_a_brighter_sound_is_further_away_than_another_tuning():
    dull = envelope(tone(400, rolloff=2.0))
    assert envelope_distance(dull, envelope(tone(405, rolloff=2.0))) < 4
    assert envelope_distance(dull, envelope(tone(400, rolloff=0.5))) > 8


def test_a_pure_tone_is_in_its_band():
    low, high = (int(envelope(np.sin(np.arange(RATE) * f)).argmax()) for f in (0.1, 1.5))
    assert 0 < low < high < BANDS


def test_distance_is_in_decibels():
    assert envelope_distance(np.full(BANDS, 1.0), np.full(BANDS, -2.0)) == 3.0


@pytest.mark.parametrize("samples", [0, 1, 5_000])
def test_silence_has_no_frames_and_a_flat_envelope(samples):
    assert mel_spectrum(np.zeros(samples)).shape == (0, BANDS)
    assert not envelope(np.zeros(samples)).any()
