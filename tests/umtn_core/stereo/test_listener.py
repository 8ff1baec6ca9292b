from __future__ import annotations

import numpy as np
import pytest

from tests.umtn_core.stereo.sounds import BOW, ONE, RATE, REED, TWO, late, player, room, stereo
from tests.umtn_core.stereo.streaming import listened, sent


@pytest.mark.parametrize("kind", ONE)
@pytest.mark.parametrize("harmonics", [REED, BOW], ids=["reed", "bow"])
def test_one_player_is_found_as_one(kind: str, harmonics: tuple[float, ...]) -> None:
    assert listened(stereo(ONE[kind](player(harmonics)))).placing() is not None


@pytest.mark.parametrize("kind", TWO)
def test_two_players_are_found_as_two(kind: str) -> None:
    assert listened(stereo(TWO[kind]())).placing() is None


@pytest.mark.parametrize("kind", TWO)
def test_two_players_of_whom_one_is_soft_are_two(kind: str) -> None:
    left, right = TWO[kind]()
    assert listened(stereo([left, 0.05 * right])).placing() is None


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_two_players_who_are_heard_on_both_sides_are_two(share: float) -> None:
    left, right = TWO["something else"]()
    mixed = [left + share * right, right + share * left]
    assert listened(stereo(mixed)).placing() is None


def test_a_second_player_who_comes_in_later_is_heard() -> None:
    one, two = player(REED), player(BOW, 1)
    left = np.concatenate([one, one, one])
    right = np.concatenate([one, one, two])
    assert listened(stereo([left, right])).placing() is None


def test_players_who_take_turns_are_heard_as_one_who_moves() -> None:
    one, two = player(REED), player(BOW, 1)
    left, right = np.concatenate([one, 0 * two]), np.concatenate([0 * one, two])
    placing = listened(stereo([left, right])).placing()
    assert placing is not None
    in_first, in_second = (
        slice(20, len(one) * 100 // RATE - 20),
        slice(-len(two) // 441 + 20, -40),
    )
    assert placing.weights[0, in_first].min() > 0.99 * placing.weights[0].max()
    assert placing.weights[1, in_second].min() > 0.99 * placing.weights[1].max()


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000, 96_000])
def test_rates(rate: int) -> None:
    one, two = player(REED), player(BOW, 1)
    assert listened(stereo([one, 0.5 * one]), rate).placing() is not None
    assert listened(stereo([one, two]), rate).placing() is None


@pytest.mark.parametrize("rate", [1, 50, 300])
def test_rates_at_which_nothing_is_heard(rate: int) -> None:
    noise = np.random.default_rng(0).standard_normal(3000)
    source = stereo([noise, 0.5 * noise])
    placing = listened(source, rate).placing()
    assert placing is not None
    made = sent(placing.placer(rate), sent(placing.mixer(), source))
    np.testing.assert_allclose(made, source, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.01, 0.3, 3.0])
def test_silence_is_one_player(seconds: float) -> None:
    assert listened(np.zeros((2, round(seconds * RATE)), np.float32)).placing() is not None


@pytest.mark.parametrize("samples", [1, 7, 500, 9000])
def test_excerpts_too_short_for_a_frame(samples: int) -> None:
    one = player(REED)[4000 : 4000 + samples]
    assert listened(stereo([one, 0.5 * one])).placing() is not None


def test_several_channels() -> None:
    one, two = player(REED), player(BOW, 1)
    alone = [0 * one, one, 0.3 * one, late(one, 0.005), room(one, 1, 0.3), -one]
    placing = listened(stereo(alone)).placing()
    assert placing is not None
    assert [each.samples for each in placing.delays] == [0, 0, 0, round(0.005 * RATE), 0, 0]
    assert placing.delays[5].sign == -1
    assert listened(stereo([*alone, two])).placing() is None


@pytest.mark.parametrize("kind", ["microphones 2 m apart", "late and turned over"])
def test_a_delay_is_found(kind: str) -> None:
    placing = listened(stereo(ONE[kind](player(BOW)))).placing()
    assert placing is not None
    seconds, sign, channel = {
        "microphones 2 m apart": (0.0058, 1, 1),
        "late and turned over": (0.004, -1, 0),
    }[kind]
    assert placing.lead == 1 - channel
    assert placing.delays[channel].samples == pytest.approx(seconds * RATE, abs=1)
    assert placing.delays[channel].sign == sign


@pytest.mark.parametrize("kind", ["moving", "microphones 2 m apart", "some reverberation"])
def test_blocks_make_no_difference(kind: str) -> None:
    audio = stereo(ONE[kind](np.tile(player(BOW), 4)))
    whole = listened(audio).placing()
    assert whole is not None
    for size in (1000, 65_537):
        placing = listened(audio, size=size).placing()
        assert placing is not None
        assert placing.delays == whole.delays
        for name in ("weights", "gains", "alike"):
            np.testing.assert_array_equal(getattr(placing, name), getattr(whole, name))
