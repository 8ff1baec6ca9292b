"""Integrated loudness after ITU-R BS.1770-4: K-weighted, gated, in LUFS.

Written out here because pyloudnorm wants SciPy, which the run time does without, refuses what is
shorter than 0.4 s, and holds all of a recording several times over in float64. A long test
compares.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from umtn_core.stage import Passing

#: Parts of blocks. A block is 400 ms, and the next begins 100 ms later.
_STEP_SECONDS = 0.1
_STEPS_A_BLOCK = 4
#: LUFS below which a block is silence.
ABSOLUTE_GATE = -70.0
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
    meter = LoudnessMeter(audio.shape[0], audio.shape[1], sample_rate)
    meter.add(audio)
    return meter.loudness()


class LoudnessMeter:
    """Measures the integrated loudness of audio that comes in blocks.

    Parameters
    ----------
    channels, samples
        Its form; as many samples have to come.
    sample_rate
        The audio's rate in hertz.
    """

    def __init__(self, channels: int, samples: int, sample_rate: int):
        # Fractions of a step would make blocks of uneven length, so times are rounded.
        steps = np.arange(samples / sample_rate / _STEP_SECONDS + 1) * _STEP_SECONDS
        edges = np.round(steps * sample_rate)
        self._edges = edges[edges <= samples].astype(np.int64)
        self._samples = samples
        self._rate = sample_rate
        self._energies = [_Energies(samples, sample_rate, self._edges) for _ in range(channels)]

    def add(self, audio: NDArray[np.float32]) -> None:
        """Take in the next samples, (channels, n) or, of one channel, (n,)."""
        for channel, energies in zip(np.atleast_2d(audio), self._energies, strict=True):
            energies.add(channel)

    def loudness(self, absolute_gate: float = ABSOLUTE_GATE) -> float:
        """Give the loudness of what came in.

        Parameters
        ----------
        absolute_gate
            LUFS below which blocks are silence.

        Returns
        -------
        float
            In LUFS; ``-inf`` for silence.
        """
        if self._samples == 0:
            return -math.inf
        blocks = self._block_powers()
        blocks = blocks[_lufs(blocks) > absolute_gate]
        if not len(blocks):
            return -math.inf
        blocks = blocks[_lufs(blocks) > _lufs(blocks.mean()) + _RELATIVE_GATE]
        return float(_lufs(blocks.mean()))

    def _block_powers(self) -> NDArray[np.float64]:
        """Take the mean square of each block of the weighted audio, summed over channels."""
        energies = np.zeros(max(0, len(self._edges) - 1))
        for each in self._energies:
            energies += np.diff(each.at_edges(), prepend=0.0)
        if len(energies) < _STEPS_A_BLOCK:
            return np.array([sum(each.total for each in self._energies) / self._samples])
        powers = np.convolve(energies, np.ones(_STEPS_A_BLOCK), "valid")
        return powers / (_STEPS_A_BLOCK * _STEP_SECONDS * self._rate)


class _Energies:
    """Adds up the squares of one channel, weighted piece by piece, by overlap and save."""

    def __init__(self, samples: int, rate: int, edges: NDArray[np.int64]):
        self._taps = math.ceil(_FILTER_SECONDS * rate)
        size = 1 << math.ceil(math.log2(max(_CHUNK, 4 * self._taps)))
        if samples + self._taps <= size // 2:
            size = 1 << math.ceil(math.log2(samples + self._taps))
        self._response = _response(rate, size)
        self._size = size
        self._edges = edges
        self._left = samples
        self._waiting = Passing()
        self._done = 0
        self._at_edges: list[NDArray[np.float64]] = []
        self.total = 0.0

    def add(self, channel: NDArray[np.float32]) -> None:
        """Take in the next samples."""
        self._waiting.add(channel)
        self._left -= len(channel)
        hop = self._size - self._taps
        while self._waiting.end - self._done >= hop:
            self._weigh(hop)
        if self._left <= 0 and self._waiting.end > self._done:
            self._weigh(self._waiting.end - self._done)

    def at_edges(self) -> NDArray[np.float64]:
        """The sums up to each edge after the first."""
        return np.concatenate([np.empty(0), *self._at_edges])

    def _weigh(self, count: int) -> None:
        piece = np.zeros(self._size)
        before = min(self._taps, self._done)
        source = self._waiting.read(self._done - before, self._done + count)
        piece[self._taps - before : self._taps - before + len(source)] = source
        filtered = np.fft.irfft(np.fft.rfft(piece) * self._response, self._size)
        weighted = filtered[self._taps : self._taps + count]
        running = np.cumsum(np.square(weighted)) + self.total
        edges = self._edges
        inside = edges[(edges > self._done) & (edges <= self._done + count)]
        self._at_edges.append(running[inside - self._done - 1])
        self.total = float(running[-1])
        self._done += count
        self._waiting.forget(self._done - self._taps)


def gain_between(from_lufs: float, to_lufs: float) -> float:
    """Return the factor that brings audio from one loudness to another."""
    return 10.0 ** ((to_lufs - from_lufs) / 20)


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return _OFFSET + 10 * np.log10(np.maximum(power, 1e-30))


@lru_cache(maxsize=8)
def _response(rate: int, size: int) -> NDArray[np.complex128]:
    """Compute the frequency response of the two weighting filters, bilinear at this rate.

    BS.1770 lists coefficients for 48 kHz only. These are the analogue filters they were
    made from, so that other rates weigh alike (Brecht De Man, 2018).
    """
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(size // 2 + 1, np.complex128)
    response *= high_shelf(z, rate)
    pass_hertz, pass_q = 38.13547087602444, 0.5003270373238773
    if pass_hertz < rate / 2:
        k = math.tan(math.pi * pass_hertz / rate)
        scale = 1 + k / pass_q + k * k
        response *= (1 - 2 * z + z**2) / (
            1 + 2 * (k * k - 1) / scale * z + (1 - k / pass_q + k * k) / scale * z**2
        )
    return response


def high_shelf(z: NDArray[np.complex128], rate: int) -> NDArray[np.complex128]:
    """Compute the frequency response of the first weighting filter, which raises the treble.

    Parameters
    ----------
    z : complex128 array
        Delays by one sample, a number on the unit circle for each frequency.
    rate
        Samples a second.
    """
    hertz, gain, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    if hertz >= rate / 2:
        return np.ones_like(z)
    k = math.tan(math.pi * hertz / rate)
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    above = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    below = (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)
    response: NDArray[np.complex128] = (above[0] + above[1] * z + above[2] * z**2) / (
        below[0] + below[1] * z + below[2] * z**2
    )
    return response
