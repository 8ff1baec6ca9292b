"""Mu-law companding between samples in [-1, 1] and 8-bit codes (paper, Section 3).

Two conventions are in use, and a network only works with the one it was trained on:
``rounded`` is the textbook quantiser, ``truncated`` is that of the published reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEVELS = 256
MU = LEVELS - 1

Convention = Literal["rounded", "truncated"]

#: The code that stands for "before the first sample": networks read it as silence, 0.0.
NOTHING_YET = -1


@dataclass(frozen=True)
class Companding:
    """A mu-law quantiser.

    Parameters
    ----------
    convention
        ``rounded``: a sample becomes the nearest level, and a level its centre.
        ``truncated``: codes are rounded towards minus infinity and expanded as
        ``2 (code - 128) / 256``, as in the published reference implementation.
    """

    convention: Convention = "rounded"

    def encode(self, samples: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Compress samples, clipped to [-1, 1], into codes.

        Parameters
        ----------
        samples : float array of any shape

        Returns
        -------
        uint8 array of the same shape, values 0 to 255
        """
        clipped = np.clip(np.asarray(samples, np.float64), -1.0, 1.0)
        compressed = np.sign(clipped) * np.log1p(MU * np.abs(clipped)) / np.log(LEVELS)
        scaled = (compressed + 1.0) / 2.0 * MU
        if self.convention == "rounded":
            scaled = scaled + 0.5
        return np.floor(scaled).astype(np.uint8)

    def decode(self, codes: NDArray[np.integer]) -> NDArray[np.float32]:
        """Expand codes into samples.

        Parameters
        ----------
        codes : integer array of any shape, values 0 to 255

        Returns
        -------
        float32 array of the same shape, values in [-1, 1]
        """
        return self.levels[np.asarray(codes)]

    @property
    def levels(self) -> NDArray[np.float32]:
        """The sample that each of the 256 codes expands to: float32, shape (256,)."""
        codes = np.arange(LEVELS, dtype=np.float64)
        if self.convention == "rounded":
            compressed = codes / MU * 2.0 - 1.0
        else:
            compressed = 2.0 * (codes - LEVELS / 2) / LEVELS
        expanded = np.sign(compressed) * (float(LEVELS) ** np.abs(compressed) - 1.0) / MU
        return expanded.astype(np.float32)
