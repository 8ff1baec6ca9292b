import numpy as np
import pytest

from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.recipe import AcousticsSettings

NONE = AcousticsSettings(eq_db=0, reverb_share=0, noise_dbfs=None, peak=(0.5, 0.5))


def tone(hertz=440.0, seconds=0.5):
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(int(16_000 * seconds)) / 16_000)).astype(
        np.float32
    )


def wet(dry, settings, seed=0):
    return place(dry, 16_000, settings, np.random.default_rng(seed))


def test_all_strengths_at_zero_change_the_level_alone():
    dry = tone()
    result = wet(dry, NONE)
    assert result.dtype == np.float32
    assert np.allclose(result, dry * (0.5 / np.abs(dry).max()), atol=1e-6)


def test_the_peak_lies_in_its_range():
    peaks = [np.abs(wet(tone(), AcousticsSettings(noise_dbfs=None), s)).max() for s in range(20)]
    assert min(peaks) >= 0.5 and max(peaks) <= 0.8 and np.ptp(peaks) > 0.1


def test_noise_has_its_level():
    settings = AcousticsSettings(eq_db=0, reverb_share=0, noise_dbfs=(-60, -60), peak=(0.5, 0.5))
    noise = wet(tone(), settings) - wet(tone(), NONE)
    assert 20 * np.log10(np.std(noise)) == pytest.approx(-60, abs=0.5)


def test_reverb_rings_on():
    dry = np.concatenate([tone(), np.zeros(8000, np.float32)])
    settings = AcousticsSettings(
        eq_db=0, reverb_share=1, reverb_wet=0.5, reverb_room=(0.8, 0.8), noise_dbfs=None
    )
    assert np.abs(wet(dry, settings)[8400:]).max() > 0.001
    assert np.abs(wet(dry, NONE)[8400:]).max() == 0


def test_eq_tilts_within_its_strength():
    mix = tone(150) + tone(1000) + tone(6000)
    settings = AcousticsSettings(eq_db=6, reverb_share=0, noise_dbfs=None)
    bins = [75, 500, 3000]
    before = np.abs(np.fft.rfft(mix))[bins]
    tilts = []
    for seed in range(8):
        gains = 20 * np.log10(np.abs(np.fft.rfft(wet(mix, settings, seed)))[bins] / before)
        tilts.append(np.ptp(gains))
    # Two shelves apart by 12 dB at most, and a peak of 6 between them.
    assert 1 < max(tilts) < 13


def test_silence_stays_silent():
    settings = AcousticsSettings(reverb_share=1, noise_dbfs=None)
    assert not wet(np.zeros(4000, np.float32), settings).any()


def test_the_same_generator_gives_the_same_room_to_any_audio():
    settings = AcousticsSettings(reverb_share=0.5, noise_dbfs=None)
    one = wet(tone(), settings, 7)
    assert np.array_equal(one, wet(tone(), settings, 7))
    # A room is linear: twice the sound in it, at the same level, is the same result.
    assert np.allclose(one, wet(2 * tone(), settings, 7), atol=1e-4)
