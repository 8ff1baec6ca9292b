"""What the shipped model makes of one player on two channels, and of two players."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.umtn_core.stereo.measures import balance, correlation, mono_sum, over_time
from tests.umtn_core.stereo.sounds import BOW, ONE, RATE, REED, TWO, player, stereo
from umtn_core.bundle import Bundle
from umtn_core.translator import Translator

MODELS = Path(__file__).parents[3] / "models"
#: A channel without sound has no correlation.
KINDS = [kind for kind in ONE if kind not in ("on one side", "equal")]


def translator(target: str) -> Translator:
    return Translator(Bundle.open(MODELS / "default"), target, engine="cpu-int8", segments=1)


@cache
def translated(target: str) -> dict[str, NDArray[np.float32]]:
    voice = player(REED if target == "violin" else BOW)
    recordings = [(stereo(ONE[kind](voice)), RATE) for kind in KINDS]
    return dict(zip(KINDS, translator(target).translate_many(recordings), strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["clarinet", "violin"])
def test_one_player_stays_where_it_was(target: str, kind: str) -> None:
    source = stereo(ONE[kind](player(REED if target == "violin" else BOW)))
    made = translated(target)[kind]
    assert correlation(made) == pytest.approx(correlation(source), abs=0.1)
    assert mono_sum(made) == pytest.approx(mono_sum(source), abs=1)
    assert over_time((source, made), 0.5, correlation) < 0.1
    assert over_time((source, made), 0.2, balance) < 1


@pytest.mark.parametrize("kind", ["unison", "something else"])
def test_each_of_two_players_is_translated_as_if_alone(kind: str) -> None:
    # Softer, so that no limiter acts on both.
    source = np.float32(0.4) * stereo(TWO[kind]())
    to_violin = translator("violin")
    made = to_violin(source, RATE)
    alone = to_violin(source[:1], RATE)
    np.testing.assert_array_equal(made[0], alone[0])
    assert abs(correlation(made)) < 0.4
