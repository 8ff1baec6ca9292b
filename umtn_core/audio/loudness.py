"""Integrated loudness after ITU-R BS.1770-4: K-weighted, gated, in LUFS.

Written out here because pyloudnorm wants SciPy, which the run time does without, refuses what is
shorter than 0.4 s, and holds all of a recording several times over in float64. A long test
compares.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Parts of blocks. A block is 400 ms, and the next begins 100 ms later.
_STEP_SECONDS = 0.1
_STEPS_A_BLOCK = 4
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_OFFSET = -0.691

#: After this long the weighting filter has forgotten (its slowest pole decays in 4 ms).
_FILTER_SECONDS = 0.2
#: Samples filtered by one transform, at least.
_CHUNK = 1 << 16


def loudness(audio: NDArray[np.float32], sample_rate: int) -> float:
    """Measure integrated loudness.

    All channels count alike: surround channels are not known as such. Audio shorter than
    a block of 400 ms is one block by itself.

    Parameters
    ----------
    audio : float32 array (channels, samples) or (samples,)
    sample_rate
        The audio's rate in hertz.

    Returns
    -------
    float
        In LUFS; ``-inf`` for silence, which is all that stays below -70 LUFS.
    """
    audio = np.atleast_2d(audio)
    if audio.shape[1] == 0:
        return -math.inf
    blocks = _block_powers(audio, sample_rate)
    blocks = blocks[_lufs(blocks) > _ABSOLUTE_GATE]
    if not len(blocks):
        return -math.inf
    blocks = blocks[_lufs(blocks) > _lufs(blocks.mean()) + _RELATIVE_GATE]
    return float(_lufs(blocks.mean()))


def gain_between(from_lufs: float, to_lufs: float) -> float:
    """Return the factor that brings audio from one loudness to another."""
    return 10.0 ** ((to_lufs - from_lufs) / 20)


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return _OFFSET + 10 * np.log10(np.maximum(power, 1e-30))


def _block_powers(audio: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Take the mean square of each block of the weighted audio, summed over channels."""
    samples = audio.shape[1]
    # Fractions of a step would make blocks of uneven length, so times are rounded.
    edges = np.round(np.arange(samples / rate / _STEP_SECONDS + 1) * _STEP_SECONDS * rate)
    edges = edges[edges <= samples].astype(np.int64)
    energies = np.zeros(max(0, len(edges) - 1))
    total = 0.0
    for channel in audio:
        done, carried = 0, np.zeros(1)
        sums = [carried]
        for weighted in _weighted(channel, rate):
            running = np.cumsum(np.square(weighted)) + sums[-1][-1]
            inside = edges[(edges > done) & (edges <= done + len(weighted))]
            sums.append(np.append(running[inside - done - 1], running[-1]))
            done += len(weighted)
        total += float(sums[-1][-1])
        at_edges = np.concatenate([part[:-1] for part in sums[1:]])
        energies += np.diff(at_edges, prepend=0.0)
    if len(energies) < _STEPS_A_BLOCK:
        return np.array([total / samples])
    powers = np.convolve(energies, np.ones(_STEPS_A_BLOCK), "valid")
    return powers / (_STEPS_A_BLOCK * _STEP_SECONDS * rate)


def _weighted(channel: NDArray[np.float32], rate: int) -> Iterator[NDArray[np.float64]]:
    """Weight a channel piece by piece, by overlap and save: memory stays bounded."""
    taps = math.ceil(_FILTER_SECONDS * rate)
    size = 1 << math.ceil(math.log2(max(_CHUNK, 4 * taps)))
    if len(channel) + taps <= size // 2:
        size = 1 << math.ceil(math.log2(len(channel) + taps))
    response = _response(rate, size)
    hop = size - taps
    for begin in range(0, len(channel), hop):
        piece = np.zeros(size)
        before = min(taps, begin)
        source = channel[begin - before : begin + hop]
        piece[taps - before : taps - before + len(source)] = source
        filtered = np.fft.irfft(np.fft.rfft(piece) * response, size)
        yield filtered[taps : taps + min(hop, len(channel) - begin)]


@lru_cache(maxsize=8)
def _response(rate: int, size: int) -> NDArray[np.complex128]:
    """Compute the frequency response of the two weighting filters, bilinear at this rate.

    BS.1770 lists coefficients for 48 kHz only. These are the analogue filters they were
    made from, so that other rates weigh alike (Brecht De Man, 2018).
    """
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(size // 2 + 1, np.complex128)
    shelf_hertz, shelf_gain, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    if shelf_hertz < rate / 2:
        k = math.tan(math.pi * shelf_hertz / rate)
        high = 10 ** (shelf_gain / 20)
        band = high**0.4996667741545416
        response *= (
            (high + band * k / shelf_q + k * k)
            + 2 * (k * k - high) * z
            + (high - band * k / shelf_q + k * k) * z**2
        ) / ((1 + k / shelf_q + k * k) + 2 * (k * k - 1) * z + (1 - k / shelf_q + k * k) * z**2)
    pass_hertz, pass_q = 38.13547087602444, 0.5003270373238773
    if pass_hertz < rate / 2:
        k = math.tan(math.pi * pass_hertz / rate)
        scale = 1 + k / pass_q + k * k
        response *= (1 - 2 * z + z**2) / (
            1 + 2 * (k * k - 1) / scale * z + (1 - k / pass_q + k * k) / scale * z**2
        )
    return response
