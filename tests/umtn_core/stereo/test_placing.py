from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.umtn_core.stereo.measures import balance, correlation, level, mono_sum, over_time
from tests.umtn_core.stereo.sounds import BOW, ONE, RATE, REED, late, player, room, stereo
from tests.umtn_core.stereo.streaming import listened, sent
from umtn_core.stereo import Placing

Audio = NDArray[np.float32]


def placing_of(audio: Audio) -> Placing:
    placing = listened(audio).placing()
    assert placing is not None
    return placing


@pytest.mark.parametrize("kind", ONE)
@pytest.mark.parametrize("instruments", [(REED, BOW), (BOW, REED)], ids=["reed-bow", "bow-reed"])
def test_another_instrument_is_placed_as_the_player_was(
    kind: str, instruments: tuple[tuple[float, ...], ...]
) -> None:
    """Correlation over all and over half seconds, mono sum, and balance over fifths of seconds."""
    source = stereo(ONE[kind](player(instruments[0])))
    other = player(instruments[1], 1).astype(np.float32)
    made = sent(placing_of(source).placer(RATE), other)
    assert made.shape == source.shape
    assert mono_sum(made) == pytest.approx(mono_sum(source), abs=1)
    if kind == "on one side":
        assert not made[1].any()
        return
    assert correlation(made) == pytest.approx(correlation(source), abs=0.1)
    assert over_time((source, made), 0.5, correlation) < 0.1
    assert over_time((source, made), 0.2, balance) < 1


@pytest.mark.parametrize("kind", ONE)
def test_what_was_mixed_is_placed_as_loud_as_it_was(kind: str) -> None:
    source = stereo(ONE[kind](player(BOW)))
    placing = placing_of(source)
    mixed = sent(placing.mixer(), source)
    made = sent(placing.placer(RATE), mixed)
    assert made.shape == source.shape
    for before, after in zip(source, made, strict=True):
        if before.any():
            assert over_time((before[None], after[None]), 0.2, level) < 1


@pytest.mark.parametrize("kind", ["late", "moving", "panned", "turned over"])
def test_no_comb_is_mixed(kind: str) -> None:
    """The mixed signal has the player's spectrum."""
    alone = player(BOW)
    source = stereo(ONE[kind](alone))
    mixed = sent(placing_of(source).mixer(), source)
    spectra = [np.abs(np.fft.rfft(each)) for each in (alone, mixed)]
    peaks = spectra[0] > 0.1 * spectra[0].max()
    ratio = 20 * np.log10(spectra[1][peaks] / spectra[0][peaks])
    assert np.std(ratio) < 1.5


@pytest.mark.parametrize("kind", ["microphones 30 cm apart", "microphones 7 m apart"])
def test_of_microphones_far_apart_one_is_heard(kind: str) -> None:
    source = stereo(ONE[kind](player(BOW)))
    placing = placing_of(source)
    np.testing.assert_array_equal(sent(placing.mixer(), source), source[placing.lead])


def test_equal_channels_are_mixed_and_placed_bit_for_bit() -> None:
    alone = player(BOW).astype(np.float32)
    placing = placing_of(np.stack([alone, alone]))
    np.testing.assert_array_equal(sent(placing.mixer(), np.stack([alone, alone])), alone)
    np.testing.assert_array_equal(sent(placing.placer(RATE), alone), np.stack([alone, alone]))


def test_a_place_is_kept_through_a_rest() -> None:
    """Where nothing but dither is heard in the source, the place is that of the notes around."""
    x = player(REED)
    x = np.concatenate([x, np.zeros(2 * RATE), x])
    rng = np.random.default_rng(0)
    source = stereo([each + 3e-6 * rng.standard_normal(len(x)) for each in (x, 0.1 * x)])
    placing = placing_of(source)
    rest = slice(round(len(player(REED)) / 441) + 20, round(len(player(REED)) / 441) + 100)
    before = placing.gains[:, 50] / placing.gains[0, 50]
    np.testing.assert_allclose(placing.gains[1, rest] / placing.gains[0, rest], before[1], rtol=0.1)


def test_an_offset_is_no_place() -> None:
    x = player(REED)
    with_offset = placing_of(stereo([x + 0.05, 0.5 * x + 0.05]))
    without = placing_of(stereo([x, 0.5 * x]))
    loud = slice(20, round(len(x) / 441) - 60)
    np.testing.assert_allclose(with_offset.gains[:, loud], without.gains[:, loud], rtol=0.05)


def test_several_channels_are_placed() -> None:
    x = player(REED)
    source = stereo([0 * x, x, 0.3 * x, late(x, 0.005), room(x, 1, 0.3), -x])
    placing = placing_of(source)
    made = sent(placing.placer(RATE), player(BOW, 1).astype(np.float32))
    assert made.shape == source.shape
    assert not made[0].any()
    powers = [np.square(each[1:]).mean(axis=1) for each in (source, made)]
    ratios = [10 * np.log10(each / each[0]) for each in powers]
    np.testing.assert_allclose(ratios[0], ratios[1], atol=1)
    alike = [np.corrcoef(each[1:])[placing.lead - 1] for each in (source, made)]
    np.testing.assert_allclose(alike[0], alike[1], atol=0.1)


@pytest.mark.parametrize("kind", ["moving", "microphones 7 m apart", "some reverberation"])
@pytest.mark.parametrize("size", [999, 70_001])
def test_blocks_make_no_difference(kind: str, size: int) -> None:
    source = stereo(ONE[kind](player(BOW)))
    placing = placing_of(source)
    mixed = sent(placing.mixer(), source)
    np.testing.assert_array_equal(sent(placing.mixer(), source, size), mixed)
    made = sent(placing.placer(RATE), mixed)
    np.testing.assert_array_equal(sent(placing.placer(RATE), mixed, size), made)


@pytest.mark.parametrize("samples", [1, 30, 441, 5000])
def test_short_recordings_keep_their_length(samples: int) -> None:
    source = stereo(ONE["some reverberation"](player(BOW)))[:, 4000 : 4000 + samples]
    placing = placing_of(source)
    mixed = sent(placing.mixer(), source)
    assert mixed.shape == (samples,)
    assert sent(placing.placer(RATE), mixed).shape == source.shape


@pytest.mark.parametrize("kind", ["much reverberation", "late"])
def test_silence_stays_silent(kind: str) -> None:
    source = stereo(ONE[kind](player(BOW)))
    silence = np.zeros(source.shape[1], np.float32)
    assert not sent(placing_of(source).placer(RATE), silence).any()
