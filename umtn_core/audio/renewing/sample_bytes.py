"""Samples as the bytes of a file's own sample format."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from umtn_core.audio.container.found import WIDTHS, Layout
from umtn_core.audio.sound import Audio


class SampleBytes:
    """Encodes samples, rounded to the nearest there is.

    Parameters
    ----------
    layout
        How a sample is written.

    Attributes
    ----------
    clipped : int
        How many samples so far were beyond full scale, and became full scale.
    """

    def __init__(self, layout: Layout):
        self._subtype = layout.subtype
        self._order = {"LITTLE": "<", "BIG": ">"}[layout.endian]
        self._width = WIDTHS[layout.subtype]
        self._bits = layout.bits or 8 * self._width
        # What does not fill its bytes lies in their upper part, but for what has to be scaled.
        self._left = 8 * self._width - self._bits if layout.scale == 1 else 0
        self.clipped = 0

    def __call__(self, block: Audio) -> bytes:
        """Encode the next samples, (channels, n), with channels side by side."""
        samples = np.ascontiguousarray(block.T, np.float64)
        if self._subtype in ("FLOAT", "DOUBLE"):
            return samples.astype(f"{self._order}f{self._width}").tobytes()
        self.clipped += int(np.count_nonzero(np.abs(samples) > 1))
        if self._subtype in ("ULAW", "ALAW"):
            codes, limits = _law(self._subtype)
            return codes[np.searchsorted(limits, samples, side="right")].tobytes()
        numbers = whole_numbers(samples, self._bits) << self._left
        if self._subtype == "PCM_U8":
            return (numbers + 128).astype(np.uint8).tobytes()
        octets = numbers.astype(f"{self._order}i4").view(np.uint8).reshape(-1, 4)
        kept = octets[:, : self._width] if self._order == "<" else octets[:, 4 - self._width :]
        return kept.tobytes()


def whole_numbers(samples: NDArray[np.float64], bits: int) -> NDArray[np.int32]:
    """Round samples to signed numbers of so many bits, of which the greatest is full scale.

    Parameters
    ----------
    samples : float64 array
        Full scale is 1; what is beyond becomes full scale.
    bits
        The bits of a number, 32 at most.

    Returns
    -------
    int32 array of the same shape
    """
    scale = 2.0 ** (bits - 1)
    return np.clip(np.rint(samples * scale), -scale, scale - 1).astype(np.int32)


@cache
def _law(subtype: str) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the 256 codes in the order of what they mean, and the limits between them."""
    codes = np.arange(256, dtype=np.uint8)
    values, _ = soundfile.read(
        BytesIO(codes.tobytes()), format="RAW", subtype=subtype, channels=1, samplerate=8000
    )
    order = np.argsort(values, kind="stable")
    return codes[order], (values[order][1:] + values[order][:-1]) / 2
