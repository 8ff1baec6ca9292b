"""What decides a post-filter's layers, and which part of the audio they see."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from msgspec import Meta

#: Length of a frame in seconds. Half as much lies between two frames.
WINDOW_SECONDS = 0.064
#: Hertz up to which a post-filter acts. Above, decoders' noise is as low as that of recordings.
HIGHEST = 8_000

#: Bins and frames that a layer's kernel spans.
KERNEL = (5, 3)

#: Numbers of a frame in a layer, at most: eight times those of a post-filter for 32 kHz.
MOST_NUMBERS = 2**16

#: Added to magnitudes before their logarithm: 140 dB under a sine of amplitude 1.
FLOOR = 1e-7
#: What scales decibels to numbers about 1: those of music are from -90 to -20 or so.
DECIBELS_ADDED, DECIBELS_PER_UNIT = 96.0, 30.0
#: A natural logarithm's decibels.
DECIBELS = 20 / math.log(10)


class PostfilterShape(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """The form of a post-filter, see `umtn_core.networks.postfilter`.

    Parameters
    ----------
    window
        Samples of a frame, an even number; frames are half of it apart.
    bins
        The bins of a frame's spectrum that the network sees and masks, from 0 hertz up.
    channels
        The channels of its layers.
    dilations
        In bins, one for each layer.
    """

    window: Annotated[int, Meta(ge=2, le=1 << 16)]
    bins: Annotated[int, Meta(ge=2)]
    channels: Annotated[int, Meta(ge=1, le=256)] = 16
    dilations: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=1 << 12)], ...], Meta(max_length=64)
    ] = (1, 2, 4, 1, 2, 4)

    def __post_init__(self) -> None:
        """Refuse what no spectrum has."""
        if self.window % 2 or self.bins > self.window // 2 + 1:
            raise ValueError(f"a window of {self.window} samples has no {self.bins} bins")
        if self.bins * self.channels > MOST_NUMBERS:
            raise ValueError(
                f"{self.channels} channels of {self.bins} bins are more than {MOST_NUMBERS} numbers"
            )

    @classmethod
    def at_rate(cls, sample_rate: int) -> PostfilterShape:
        """Return the form for audio of so many samples a second."""
        hop = round(WINDOW_SECONDS * sample_rate / 2)
        bins = 2 * hop * min(HIGHEST, sample_rate / 2) / sample_rate
        return cls(window=2 * hop, bins=int(bins + 1e-6) + 1)

    @property
    def hop(self) -> int:
        """Samples between two frames."""
        return self.window // 2

    @property
    def reach(self) -> int:
        """Frames before and behind a frame that its mask depends on."""
        return (KERNEL[1] // 2) * (1 + len(self.dilations))

    @property
    def multiply_adds(self) -> int:
        """Of a frame."""
        size, c = KERNEL[0] * KERNEL[1], self.channels
        return self.bins * (2 * c * size + len(self.dilations) * c * c * size + c)
