"""Audio that goes through one stage after another, block by block."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import Cancelled
from umtn_core.progress import IsCancelled

Audio = NDArray[np.float32]

#: Samples of a block, where audio is taken from a store.
BLOCK = 1 << 17
#: Blocks that are made ahead of those who take them.
_AHEAD = 4


class Stage(Protocol):
    """Something that audio goes through.

    Each call takes the next block, of any length, and gives what is complete; `rest` gives what is
    left at the end. All that is given is the same however the audio was divided into blocks.
    """

    def __call__(self, audio: Audio, /) -> Audio:
        """Take the next block, and give what is complete."""

    def rest(self) -> Audio:
        """Give what is left, once there are no more blocks."""


def through(blocks: Iterable[Audio], *stages: Stage) -> Iterator[Audio]:
    """Send blocks through stages, one after another."""
    for stage in stages:
        blocks = _through(blocks, stage)
    return iter(blocks)


def _through(blocks: Iterable[Audio], stage: Stage) -> Iterator[Audio]:
    for block in blocks:
        made = stage(block)
        if made.shape[-1]:
            yield made
    rest = stage.rest()
    if rest.shape[-1]:
        yield rest


def heeding(cancelled: IsCancelled | None, blocks: Iterable[Audio]) -> Iterator[Audio]:
    """Ask for every block whether work is to end.

    Raises
    ------
    Cancelled
    """
    for block in blocks:
        if cancelled is not None and cancelled():
            raise Cancelled("The translation was cancelled.")
        yield block


def together(sources: Sequence[Iterable[Audio]]) -> Iterator[Audio]:
    """Put mono blocks side by side that come from several places in blocks of their own.

    Parameters
    ----------
    sources
        Blocks of float32 (n,), of as many samples in all from each of them.

    Yields
    ------
    float32 array (sources, n)
    """
    iterators = [iter(source) for source in sources]
    left = [np.empty(0, np.float32) for _ in sources]
    while True:
        for i, blocks in enumerate(iterators):
            while not len(left[i]):
                block = next(blocks, None)
                if block is None:
                    return
                left[i] = block
        ready = min(map(len, left))
        yield np.stack([each[:ready] for each in left])
        left = [each[ready:] for each in left]


def ahead(blocks: Iterable[Audio]) -> Iterator[Audio]:
    """Have blocks made by a thread of their own, a few of them before they are taken."""
    made: queue.Queue[Audio | BaseException | None] = queue.Queue(_AHEAD)
    ended = threading.Event()

    def make() -> None:
        last: BaseException | None = None
        try:
            for block in blocks:
                if ended.is_set():
                    return
                made.put(block)
        except BaseException as error:
            last = error
        made.put(last)
        # What it holds, such as files, is let go of as soon as it was told of.
        del last

    maker = threading.Thread(target=make, name="umtn-ahead", daemon=True)
    maker.start()
    try:
        while True:
            block = made.get()
            if block is None:
                return
            if isinstance(block, BaseException):
                try:
                    raise block
                finally:
                    del block
            yield block
    finally:
        ended.set()
        # Garbage is collected by any thread: it may be the maker itself that ends this.
        while maker.is_alive() and maker is not threading.current_thread():
            # It may wait for room to put its last ones.
            with contextlib.suppress(queue.Empty):
                made.get(timeout=0.01)


def feed(blocks: Iterable[Audio], *takers: Callable[[Audio], None]) -> None:
    """Give blocks to all of several takers, each of which has a thread of its own."""
    with ThreadPoolExecutor(len(takers), thread_name_prefix="umtn-feed") as pool:
        for block in ahead(blocks):
            for taken in [pool.submit(take, block) for take in takers]:
                taken.result()


class Passing:
    """Samples on their way that a later one may still change, numbered from the first on.

    Attributes
    ----------
    begin, end : int
        Numbers of the first sample that is still there, and of the next to come.
    """

    def __init__(self) -> None:
        self.begin = self.end = 0
        self._parts: list[Audio] = []

    def add(self, audio: Audio) -> None:
        """Take in the next samples, (..., n)."""
        if audio.shape[-1]:
            self._parts.append(audio)
            self.end += audio.shape[-1]

    def read(self, begin: int, end: int) -> Audio:
        """Give samples that are there, (..., end - begin); not to be changed."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts, axis=-1)]
        if not self._parts:
            return np.empty(0, np.float32)
        return self._parts[0][..., begin - self.begin : end - self.begin]

    def forget(self, before: int) -> None:
        """Let go of those before a number."""
        if before > self.begin:
            self._parts = [self.read(before, self.end).copy()]
            self.begin = before
