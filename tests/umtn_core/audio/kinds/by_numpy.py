"""Samples that stand one by one, taken out of a file by nothing but numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.container import Layout

_FLOATS = {"FLOAT": "f4", "DOUBLE": "f8"}
_WIDTHS = {"PCM_S8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4}


def read_by_layout(contents: bytes, layout: Layout) -> NDArray[np.floating] | None:
    """Read what a layout points to as (channels, samples); None if it is companded."""
    octets = b"".join(contents[begin : begin + length] for begin, length in layout.pieces)
    order = "<" if layout.endian == "LITTLE" else ">"
    if layout.subtype in _FLOATS:
        samples = np.frombuffer(octets, order + _FLOATS[layout.subtype])
    elif layout.subtype == "PCM_U8":
        samples = (np.frombuffer(octets, np.uint8) - 128.0) / 128
    elif layout.subtype in _WIDTHS:
        width = _WIDTHS[layout.subtype]
        # At the upper end of 32 bits.
        wide = np.zeros((len(octets) // width, 4), np.uint8)
        wide[:, 4 - width :] = np.frombuffer(octets, np.uint8).reshape(-1, width)[
            :, :: 1 if order == "<" else -1
        ]
        samples = wide.view("<i4")[:, 0] / 2.0**31
    else:
        return None
    return samples.reshape(-1, layout.channels).T * layout.scale
