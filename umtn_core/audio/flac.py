"""The checksum that FLAC files carry of their own audio."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_STREAMINFO_END = 42
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
        # Full scale is one or the other of these, depending on pedalboard's version.
        self._hashes = {
            scale: hashlib.md5(usedforsecurity=False)
            for scale in (2 ** (bits - 1) - 1, 2 ** (bits - 1))
        }

    @classmethod
    def of(cls, file: BinaryIO) -> FlacChecksum | None:
        """Read the checksum of an open file; None if it has none that can be followed."""
        file.seek(0)
        header = file.read(_STREAMINFO_END)
        if header[:4] != b"fLaC" or len(header) < _STREAMINFO_END:
            return None
        packed = int.from_bytes(header[18:26], "big")
        bits = (packed >> 36 & 0x1F) + 1
        expected = header[26:42]
        if bits > _MOST_BITS or not any(expected):
            return None
        return cls(bits, expected)

    def update(self, block: NDArray[np.float32]) -> None:
        """Take in the next samples, (channels, samples)."""
        width = -(-self._bits // 8)
        for scale, digest in self._hashes.items():
            # In float64: the product of a 24-bit sample and the scale needs more than 24 bits.
            integers = np.rint(block.T.astype(np.float64) * scale).astype("<i4")
            octets = np.ascontiguousarray(integers).view(np.uint8).reshape(-1, 4)
            digest.update(octets[:, :width].tobytes())

    def matches(self) -> bool:
        """Whether the samples so far are all of the file's, unchanged."""
        return any(digest.digest() == self._expected for digest in self._hashes.values())
