"""The uniform random numbers of a decode: counter-based, the same on every engine.

Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) maps a
key and a counter to four 32-bit words without any state, so any sample's number can be
had directly: a decode can be resumed, cut up or run in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)


#: One word for all rows, or an array of words that fits them.
Word = int | NDArray[np.uint64]


def philox(counters: NDArray[np.uint32], key: tuple[Word, Word]) -> NDArray[np.uint32]:
    """Apply Philox4x32 with ten rounds.

    Parameters
    ----------
    counters : uint32 array (..., 4)
        Least significant word first.
    key
        Two 32-bit words, or two arrays of such that fit the counters' first dimensions.

    Returns
    -------
    uint32 array (..., 4)
    """
    c0, c1, c2, c3 = (counters[..., i].astype(np.uint64) for i in range(4))
    k0, k1 = (np.asarray(word, np.uint64) for word in key)
    for _ in range(_ROUNDS):
        # The factors are below 2^32, so the products fit.
        first, second = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            (second >> _WORD) ^ c1 ^ k0,
            second & _LOW,
            (first >> _WORD) ^ c3 ^ k1,
            first & _LOW,
        )
        k0, k1 = (k0 + _KEY_STEPS[0]) & _LOW, (k1 + _KEY_STEPS[1]) & _LOW
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


@dataclass(frozen=True)
class Seeds:
    """What the numbers of some streams are made of, for engines that make them.

    Parameters
    ----------
    seeds, ids
        The seed and the id of each stream, 0 to 2^64 - 1.
    """

    seeds: tuple[int, ...]
    ids: tuple[int, ...]


def uniforms(
    seeds: int | Sequence[int], streams: Sequence[int], start: int, count: int
) -> NDArray[np.float32]:
    """Make the numbers that decide samples ``start`` to ``start + count`` of some streams.

    Sample t of stream s takes word ``t % 4`` of Philox at its seed as key and counter
    ``(t // 4, s)``, both 64-bit numbers split into words, lower word first. Its upper
    24 bits divided by 2^24 are the number: exact in float32, and below 1.

    Parameters
    ----------
    seeds
        0 to 2^64 - 1; one for all streams, or one for each.
    streams
        Ids of the streams, 0 to 2^64 - 1.
    start, count
        The first sample's index, and the number of samples.

    Returns
    -------
    float32 array (streams, count), values in [0, 1)
    """
    blocks = np.arange(start // 4, (start + count + 3) // 4, dtype=np.uint64)
    ids = np.asarray(streams, np.uint64)[:, None]
    counters = np.empty((ids.shape[0], blocks.shape[0], 4), np.uint32)
    counters[..., 0] = blocks & _LOW
    counters[..., 1] = blocks >> _WORD
    counters[..., 2] = ids & _LOW
    counters[..., 3] = ids >> _WORD
    keys = np.asarray(seeds, np.uint64).reshape(-1, 1)
    words = philox(counters, (keys & _LOW, keys >> _WORD)).reshape(ids.shape[0], -1)
    words = words[:, start % 4 : start % 4 + count]
    return (words >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
