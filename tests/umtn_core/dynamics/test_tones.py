"""Notes told from noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.dynamics.levels import steps_over
from umtn_core.dynamics.tones import ToneMeter

RATE = 16_000


def heard(*blocks, rate=RATE):
    meter = ToneMeter(rate)
    for block in blocks:
        meter.add(np.asarray(block, np.float32))
    return meter


def noise(slope, seconds=20, seed=0):
    """Noise whose power falls by a power of the frequency."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=seconds * RATE))
    hertz = np.maximum(np.fft.rfftfreq(seconds * RATE, 1 / RATE), 1)
    audio = np.fft.irfft(spectrum * hertz ** (-slope / 2))
    return 0.1 * audio / audio.std()


def note(hertz, seconds=2.0, rate=RATE):
    time = np.arange(round(seconds * rate)) / rate
    return 0.1 * sum(
        np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 20) if hertz * k < 0.4 * rate
    )


@pytest.mark.parametrize("slope", [-1, 0, 1, 2])
def test_noise_of_any_colour_has_no_pitch(slope):
    assert heard(noise(slope)).tonal().mean() < 0.02


@pytest.mark.parametrize("hertz", [65.4, 110, 440, 1_000, 2_000])
@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_a_note_has_a_pitch(hertz, rate):
    # Of the first and the last window only half has been heard.
    assert heard(note(hertz, rate=rate), rate=rate).tonal()[8:-8].all()


def test_a_note_in_as_much_noise_has_a_pitch():
    audio = note(523.25, 20)
    assert heard(audio + audio.std() * noise(0) / 0.1).tonal().mean() > 0.98


def test_it_is_heard_where_it_is():
    silence = np.zeros(RATE)
    tonal = heard(silence, note(440, 1.0), silence).tonal()
    assert tonal[100:200].all()
    assert not tonal[:85].any()
    assert not tonal[215:].any()


@settings(deadline=None, max_examples=30)
@given(
    samples=st.integers(0, 90_000),
    cuts=st.lists(st.integers(0, 90_000), max_size=12),
    rate=st.sampled_from([16_000, 22_050]),
)
def test_it_is_the_same_however_the_audio_is_divided(samples, cuts, rate):
    audio = np.random.default_rng(0).normal(0, 0.1, samples)
    audio[20_000:40_000] += note(440, 2.0)[: len(audio[20_000:40_000])]
    divided = heard(*np.split(audio, sorted(min(cut, samples) for cut in cuts)), rate=rate)
    whole = heard(audio, rate=rate).tonal()
    assert divided.tonal().tobytes() == whole.tobytes()
    assert len(whole) == steps_over(samples, rate)


def test_more_may_be_added_after_it_was_asked():
    audio = np.concatenate([note(440), noise(0, 2)])
    meter = heard(audio[:10_000])
    meter.tonal()
    meter.add(audio[10_000:])
    assert meter.tonal().tobytes() == heard(audio).tonal().tobytes()
