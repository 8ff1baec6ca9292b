"""How loud channels are, and how much alike, from one hundredth of a second to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.stage import Passing

Audio = NDArray[np.float32]
Curves = NDArray[np.float32]

#: Steps that are summed at once.
_AT_ONCE = 100


def step_of(sample_rate: int) -> int:
    """Tell how many samples a step has: a hundredth of a second, or hardly more."""
    return -(-sample_rate // 100)


class Covariances:
    """Gathers means and mean products of channels that come in blocks, step by step.

    Parameters
    ----------
    channels
        The number of channels.
    sample_rate
        Their rate in hertz.
    """

    def __init__(self, channels: int, sample_rate: int):
        self.channels = channels
        self._step = step_of(sample_rate)
        self._waiting = Passing()
        self._found: list[Curves] = []

    def add(self, block: Audio) -> None:
        """Take in the next block, float32 (channels, n)."""
        self._waiting.add(block)
        size = _AT_ONCE * self._step
        while self._waiting.end - self._waiting.begin >= size:
            begin = self._waiting.begin
            self._found.append(self._measured(self._waiting.read(begin, begin + size)))
            self._waiting.forget(begin + size)

    def gathered(self) -> tuple[Curves, Curves]:
        """Give what was found.

        Returns
        -------
        means : float32 array (channels, steps)
        products : float32 array (channels, channels, steps)
        """
        found = list(self._found)
        left = self._waiting.end - self._waiting.begin
        if left:
            size = _AT_ONCE * self._step
            part = self._waiting.read(self._waiting.begin, self._waiting.end)
            steps = -(-left // self._step)
            found.append(self._measured(np.pad(part, ((0, 0), (0, size - left))))[:, :steps])
        rows = np.concatenate(found, axis=1) if found else np.zeros((self._rows, 0), np.float32)
        means, pairs = rows[: self.channels], rows[self.channels :]
        products = np.empty((self.channels, self.channels, rows.shape[1]), np.float32)
        for row, (a, b) in zip(pairs, self._pairs, strict=True):
            products[a, b] = products[b, a] = row
        return means, products

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return [(a, b) for b in range(self.channels) for a in range(b + 1)]

    @property
    def _rows(self) -> int:
        return self.channels + len(self._pairs)

    def _measured(self, audio: Audio) -> Curves:
        """Sum up some steps: float32 (channels, samples) -> (rows, steps)."""
        steps = np.ascontiguousarray(audio).reshape(self.channels, -1, self._step)
        rows = np.empty((self._rows, steps.shape[1]), np.float32)
        rows[: self.channels] = steps.mean(axis=2)
        for row, (a, b) in zip(rows[self.channels :], self._pairs, strict=True):
            np.einsum("ij,ij->i", steps[a], steps[b], out=row)
            row /= self._step
        return rows
