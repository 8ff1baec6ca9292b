"""Audio as codes, in bands or not."""

import numpy as np
import pytest

from umtn_core.coding import Coding
from umtn_core.companding import Companding
from umtn_core.filter_bank import analyse, synthesise
from umtn_core.shape import NetworkShape

GAINS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)


def shape(bands):
    return NetworkShape(bands=bands, decoder_input="embedding")


def music(samples, seed=0):
    """Lower partials stronger, as in music, with a little noise."""
    time = np.arange(samples) / 32_000
    tone = sum(0.3 / k * np.sin(2 * np.pi * 330 * k * time) for k in range(1, 30))
    return (tone / 2 + np.random.default_rng(seed).normal(0, 1e-4, samples)).astype(np.float32)


def test_one_band_is_mu_law_and_nothing_else():
    audio = music(1_000)
    codes = Coding(shape(1)).encode(audio)
    assert np.array_equal(codes, Companding().encode(audio))
    assert np.array_equal(Coding(shape(1)).decode(codes), Companding().decode(codes))
    assert Coding(shape(1)).tail == 0


@pytest.mark.parametrize("bands", [2, 4, 8])
def test_codes_of_a_step_stand_together_lowest_band_first(bands):
    audio = music(999)
    codes = Coding(shape(bands), GAINS[:bands]).encode(audio)
    scaled = analyse(audio, bands) * np.float32(GAINS[:bands])
    assert codes.dtype == np.uint8
    assert np.array_equal(codes, Companding().encode(scaled).reshape(-1))


@pytest.mark.parametrize("bands", [2, 4, 8])
def test_audio_comes_back_in_time_and_with_the_noise_of_companding_only(bands):
    audio = music(16_000)
    coding = Coding(shape(bands), GAINS[:bands])
    again = coding.decode(coding.encode(audio))
    error = np.square(again - audio)[500:-500].mean() / np.square(audio)[500:-500].mean()
    assert 10 * np.log10(error) < -30
    levels = Companding().levels[coding.encode(audio)].reshape(-1, bands)
    np.testing.assert_allclose(
        again, synthesise(levels / np.float32(GAINS[:bands]), bands), atol=1e-6
    )


def test_noise_of_companding_lies_where_the_sound_is():
    """In one band it is white, and louder than the music's highest octave; in eight it is not."""
    audio = music(64_000)

    def noise_above(coding):
        codes = coding.encode(audio)
        power = np.abs(np.fft.rfft((coding.decode(codes)[: len(audio)] - audio)[2_000:-2_000])) ** 2
        return power[len(power) * 3 // 4 :].sum()

    assert noise_above(Coding(shape(8), GAINS)) < 0.1 * noise_above(Coding(shape(1)))


@pytest.mark.parametrize("codes", [0, 8, 80, 8_000])
def test_what_is_long_is_decoded_in_parts_that_fit_together(codes, monkeypatch):
    coding = Coding(shape(8), GAINS)
    given = np.random.default_rng(0).integers(0, 256, codes).astype(np.uint8)
    whole = coding.decode(given)
    assert whole.shape == (codes,)
    monkeypatch.setattr("umtn_core.coding.CHUNK", 7)
    np.testing.assert_allclose(coding.decode(given), whole, atol=1e-5)


def test_a_cut_is_told_of_by_the_tail_only():
    audio, coding = music(8_000), Coding(shape(8), GAINS)
    whole, cut = coding.encode(audio), coding.encode(audio[:4_000])
    assert np.array_equal(whole[: 4_000 - coding.tail], cut[: 4_000 - coding.tail])
    assert not np.array_equal(whole[:4_000], cut)


@pytest.mark.parametrize(("bands", "gains"), [(1, (1.0,)), (4, ()), (4, GAINS), (8, GAINS[:7])])
def test_gains_must_be_one_for_each_band(bands, gains):
    with pytest.raises(ValueError, match="gains"):
        Coding(shape(bands), gains)
