"""The number of segments follows from rates alone."""

import pytest

from umtn_core.segments.count import best_count, seconds
from umtn_core.segments.plan import Margins
from umtn_core.shape import PRESETS

SMALL, RELEASED = (Margins.of(PRESETS[name]) for name in ("small", "released"))
FASTER = {1: 1_000.0, 2: 2_000.0, 4: 4_000.0, 8: 8_000.0, 16: 12_000.0}
EVEN = dict.fromkeys(FASTER, 1_000.0)
MINUTE = 60 * 16_000


def test_an_engine_that_gains_nothing_by_streams_gets_one():
    assert best_count(MINUTE, 1, SMALL, EVEN) == 1


def test_an_engine_that_does_gets_many_unless_the_music_is_short():
    assert best_count(MINUTE, 1, SMALL, FASTER) == 16
    assert best_count(MINUTE // 60, 1, SMALL, FASTER) <= 2


def test_warming_up_is_counted():
    assert best_count(MINUTE // 10, 1, RELEASED, FASTER) < best_count(MINUTE, 1, SMALL, FASTER)
    assert best_count(10 * MINUTE, 1, RELEASED, FASTER) == 16


@pytest.mark.parametrize("signals", [1, 2, 3, 20])
def test_signals_are_streams_too_and_the_choice_is_the_fastest(signals):
    count = best_count(MINUTE, signals, SMALL, FASTER)
    assert count * signals <= max(16, signals)
    times = [seconds(MINUTE, signals, n, SMALL, FASTER) for n in (1, count)]
    assert times[1] <= times[0]
