import numpy as np
import pytest

from tests.umtn_core.scope.sounds import line
from umtn_core.scope.excerpts import LISTENED_SECONDS, distinct_channels, excerpts, places


def test_a_short_recording_is_read_at_once_and_whole():
    assert places(30 * 48_000, 48_000) == [(0, 30 * 48_000)]
    assert places(0, 48_000) == []


@pytest.mark.parametrize("seconds", [41, 600, 7_200])
def test_excerpts_of_a_long_one_are_few_in_order_and_reach_both_ends(seconds):
    rate = 44_100
    found = places(seconds * rate, rate)
    assert found == sorted(found)
    assert len(found) <= 5
    assert found[0][0] == 0
    assert sum(found[-1]) == seconds * rate
    assert sum(length for _, length in found) <= LISTENED_SECONDS * rate
    ends = [first + length for first, length in found]
    assert all(end <= first for end, (first, _) in zip(ends[:-1], found[1:], strict=True))


def test_a_recording_is_read_by_its_places():
    asked = []

    def read(first, count):
        asked.append((first, count))
        return np.ones(count, np.float32)

    read_parts = list(excerpts(read, 100 * 16_000, 16_000))
    assert asked == places(100 * 16_000, 16_000)
    assert [len(part) for part in read_parts] == [count for _, count in asked]


def test_alike_channels_count_once_and_different_ones_each():
    one, other = line(62), line(69, 0.3)
    length = min(len(one), len(other))
    one, other = one[:length], other[:length]
    assert len(distinct_channels(np.stack([one, -0.5 * one]))) == 1
    assert len(distinct_channels(np.stack([one, other]))) == 2
    assert len(distinct_channels(np.stack([one, 0.01 * other]))) == 1
    np.testing.assert_array_equal(distinct_channels(np.stack([0.5 * one, one]))[0], one)
