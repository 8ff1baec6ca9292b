"""A stage that makes each stretch of audio out of a window around it, always of one size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from umtn_core.stage import Passing

Audio = NDArray[np.float32]

#: Makes a chunk, (..., chunk), of its number and of the window around it.
Make = Callable[[int, Audio], Audio]


class Windows:
    """Cuts audio that comes in blocks into chunks, and makes each of the window around it.

    As chunks and windows lie where they lie however the audio is divided into blocks, what is
    made does not depend on that. Before the first and after the last sample there is silence.

    Parameters
    ----------
    make
        Called with the number of a chunk, from 0 on, and its window: float32 (..., before +
        chunk + after). What it gives has ``chunk`` samples.
    chunk
        The samples that are made at a time.
    before, after
        The samples that a window has on either side of its chunk.
    shape
        The axes of the input but the last: () for mono, (channels,) for several.
    made
        The axes of what is made but the last.
    """

    def __init__(
        self,
        make: Make,
        chunk: int,
        *,
        before: int,
        after: int,
        shape: tuple[int, ...] = (),
        made: tuple[int, ...] = (),
    ):
        self._make = make
        self._chunk, self._before, self._after = chunk, before, after
        self._shape, self._made = shape, made
        self._waiting = Passing()
        self._waiting.add(np.zeros((*shape, before), np.float32))
        self._number = 0
        self._left = 0

    def __call__(self, audio: Audio) -> Audio:
        """Take the next block, and give the chunks whose windows are complete."""
        self._left += audio.shape[-1]
        self._waiting.add(np.asarray(audio, np.float32))
        return self._ready()

    def rest(self) -> Audio:
        """Give what is left, to the last sample that came in."""
        silence = -(-self._left // self._chunk) * self._chunk - self._left + self._after
        self._waiting.add(np.zeros((*self._shape, silence), np.float32))
        return self._ready()

    def _ready(self) -> Audio:
        parts = [np.empty((*self._made, 0), np.float32)]
        size = self._before + self._chunk + self._after
        while self._waiting.end >= (begin := self._number * self._chunk) + size and self._left > 0:
            part = self._make(self._number, self._waiting.read(begin, begin + size))
            parts.append(part[..., : self._left])
            self._left -= parts[-1].shape[-1]
            self._number += 1
            self._waiting.forget(begin + self._chunk)
        return np.concatenate(parts, axis=-1)
