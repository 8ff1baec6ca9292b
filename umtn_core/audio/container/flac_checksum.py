"""The checksum that FLAC files carry of their own audio."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

#: Float32 holds integers of so many bits exactly.
_MOST_BITS = 24


class FlacChecksum:
    """Follows a FLAC file's samples as they are read, and knows what they should be.

    Parameters
    ----------
    bits
        The bits of a sample.
    expected
        MD5 of all samples, interleaved, as little-endian integers.
    """

    def __init__(self, bits: int, expected: bytes):
        self._bits = bits
        self._expected = expected
        self._hash = hashlib.md5(usedforsecurity=False)

    @classmethod
    def of(cls, header: bytes) -> FlacChecksum | None:
        """Read the checksum from a file's first 42 bytes; None if there is none to follow."""
        if not header:
            return None
        packed = int.from_bytes(header[18:26], "big")
        bits = (packed >> 36 & 0x1F) + 1
        expected = header[26:42]
        if bits > _MOST_BITS or not any(expected):
            return None
        return cls(bits, expected)

    def update(self, frames: NDArray[np.float32]) -> None:
        """Take in the next samples, (samples, channels)."""
        # Exact: a scale that is a power of two leaves all bits of a float as they are.
        integers = (frames * np.float32(2 ** (self._bits - 1))).astype("<i4")
        width = -(-self._bits // 8)
        octets = integers.view(np.uint8).reshape(-1, 4)
        self._hash.update(octets[:, :width].tobytes())

    def matches(self) -> bool:
        """Whether the samples so far are all of the file's, unchanged."""
        return self._hash.digest() == self._expected
