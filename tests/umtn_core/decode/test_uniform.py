"""The random numbers against their published vectors, and against being cut up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umtn_core.decode.uniform import philox, uniforms

#: From kat_vectors of the Random123 library: counter, key, result.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text):
    return np.array([int(word, 16) for word in text.split()], np.uint32)


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, result):
    low, high = (int(word) for word in words(key))
    assert np.array_equal(philox(words(counter), (low, high)), words(result))


def test_philox_of_many_counters_is_philox_of_each():
    counters = np.stack([words(counter) for counter, _, _ in KNOWN_ANSWERS])
    together = philox(counters, (7, 9))
    for counter, answer in zip(counters, together, strict=True):
        assert np.array_equal(philox(counter, (7, 9)), answer)


def test_numbers_are_made_of_the_words_as_documented():
    seed, stream, sample = 0x299F31D0_A4093822, 0x03707344_13198A2E, 4 * 5 + 2
    counter = np.array([5, 0, 0x13198A2E, 0x03707344], np.uint32)
    word = int(philox(counter, (0xA4093822, 0x299F31D0))[2])
    assert uniforms(seed, [stream], sample, 1)[0, 0] == (word >> 8) / 2**24


@given(
    seed=st.integers(0, 2**64 - 1),
    start=st.integers(0, 2**40),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_numbers_do_not_depend_on_where_one_starts_to_ask(seed, start, lengths):
    ids = [0, 3, 2**64 - 1]
    whole = uniforms(seed, ids, start, sum(lengths))
    at = start
    parts = []
    for length in lengths:
        parts.append(uniforms(seed, ids, at, length))
        at += length
    assert np.array_equal(np.concatenate(parts, axis=1), whole)
    assert np.array_equal(uniforms(seed, ids[1:2], start, sum(lengths))[0], whole[1])


def test_numbers_are_uniform_and_those_of_streams_and_seeds_unrelated():
    a, b = uniforms(1, [0, 1], 0, 100_000)
    (c,) = uniforms(2, [0], 0, 100_000)
    for numbers in (a, b, c):
        assert numbers.min() >= 0 and numbers.max() < 1
        counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
        # Chi-square with 99 degrees of freedom exceeds 160 once in ten thousand draws.
        assert np.square(counts - 1000).sum() / 1000 < 160
    assert abs(np.corrcoef([a, b, c])[np.triu_indices(3, 1)]).max() < 0.015
