"""What was found in a file: where its sound is, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from umtn_core.audio.container.window import Piece

#: Bytes that a sample takes, by libsndfile's name for how it is written.
WIDTHS = {
    "PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4,
    "FLOAT": 4, "DOUBLE": 8, "ULAW": 1, "ALAW": 1,
}  # fmt: skip
#: The names of signed whole numbers and of floating-point numbers, by their bytes.
SIGNED = {1: "PCM_S8", 2: "PCM_16", 3: "PCM_24", 4: "PCM_32"}
FLOATS = {4: "FLOAT", 8: "DOUBLE"}


@dataclass(frozen=True)
class Layout:
    """Samples that stand one by one in a file, channels interleaved.

    Attributes
    ----------
    pieces : tuple of (offset, length)
        The bytes of the file that hold them, in order; whole samples of all channels.
    subtype
        How a sample is written, one of `WIDTHS`.
    endian
        ``LITTLE`` or ``BIG``: which end of a sample comes first.
    channels, sample_rate
        The number of channels, and the rate in hertz.
    scale
        What they are to be multiplied by: 256 where 24 bits lie in the lower part of 32.
    bits
        The bits of a whole number that count; 0, all of them.
    stale : tuple of int
        Where names of chunks stand that describe the samples, and are untrue of others.
    """

    pieces: tuple[tuple[int, int], ...]
    subtype: str
    endian: str
    channels: int
    sample_rate: int
    scale: float = 1.0
    bits: int = 0
    stale: tuple[int, ...] = ()

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return WIDTHS[self.subtype] * self.channels

    @property
    def samples(self) -> int:
        """Samples of each channel."""
        return sum(length for _, length in self.pieces) // self.frame_bytes


@dataclass(frozen=True)
class Part:
    """What a decoder is handed.

    Attributes
    ----------
    pieces
        What it sees, see `umtn_core.audio.container.window.Window`.
    options
        What it has to be told, as keywords of `soundfile.SoundFile`.
    scale
        What its samples are to be multiplied by.
    exact
        Whether a seek in it is sure to find the right sample.
    samples
        How many there are, if a decoder would only guess; it may give a few less at the end.
    order
        Which of the decoder's channels is each of the recording's; None, the same.
    flac_header
        The first 42 bytes, if it is FLAC: they have a checksum of the samples.
    """

    pieces: Sequence[Piece]
    options: dict[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    exact: bool = False
    samples: int | None = None
    order: tuple[int, ...] | None = None
    flac_header: bytes = b""


@dataclass(frozen=True)
class Found:
    """What a file is.

    Attributes
    ----------
    kind
        What to call it in a sentence, such as ``WAV``.
    parts
        One recording, or several that follow one another.
    layout
        Where the samples stand, if they stand one by one.
    remark
        A sentence on what is odd of it and can be heard; else empty.
    """

    kind: str
    parts: list[Part]
    layout: Layout | None = None
    remark: str = ""


def as_found(kind: str, layout: Layout, remark: str = "") -> Found:
    """Make one part of samples that stand one by one."""
    options = {
        "format": "RAW",
        "subtype": layout.subtype,
        "endian": layout.endian,
        "channels": layout.channels,
        "samplerate": layout.sample_rate,
    }
    part = Part(layout.pieces, options, layout.scale, exact=True)
    return Found(kind, [part], layout, remark)
