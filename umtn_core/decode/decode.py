"""A decode: several streams from their first sample to their last, in one unbroken run."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.decode.batch import FRAMES, StreamBatch, StreamTask
from umtn_core.decode.engine import Engine
from umtn_core.decode.memory import rings_to_keep, streams_at_once, streams_conditioned
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream, StreamState
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import IsCancelled, OnProgress, Progress
from umtn_core.threads import run_watched


class Decode:
    """Streams advanced together by an engine, with all state in plain arrays.

    The samples of a stream depend on its own latents, its id and the sampling alone:
    not on the streams beside it, the number of threads, or where it was interrupted.

    Parameters
    ----------
    engine
        The engine of the target domain.
    streams
        Requests; they may differ in length.
    sampling
        Seed, temperature and top-p.
    """

    def __init__(self, engine: Engine, streams: Iterable[Stream], sampling: Sampling):
        self.engine = engine
        self.sampling = sampling
        try:
            self.states = [StreamState.begin(stream, engine.shape) for stream in streams]
        except MemoryError as error:
            raise UmtnError(
                "There is not enough memory for so many streams; ask for fewer segments, or for "
                "fewer recordings at once."
            ) from error

    @classmethod
    def resumed(cls, engine: Engine, states: Iterable[StreamState], sampling: Sampling) -> Decode:
        """Go on from states that another decode had reached."""
        decode = cls(engine, [], sampling)
        decode.states = list(states)
        return decode

    @property
    def codes(self) -> list[NDArray[np.uint8]]:
        """The codes made so far: one uint8 array a stream, in the order of the requests."""
        return [state.codes[: state.position] for state in self.states]

    @property
    def done(self) -> bool:
        """Whether every stream has all its samples."""
        return all(state.is_finished for state in self.states)

    def advance(
        self,
        until: int | None = None,
        *,
        seconds: float | None = None,
        progress: OnProgress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> None:
        """Make samples.

        Parameters
        ----------
        until
            Bring every stream to this position, or past it to the end of a step; None, to its
            end.
        seconds
            Stop after about so long on the clock, wherever the streams are then; None, never.
        progress
            Called about 20 times a second; the fraction is of the whole decode.
        cancelled
            Asked as often. Once it says yes, work ends within a tenth of a second.

        Raises
        ------
        Cancelled
            The decode stays valid, and a later call goes on from where it stopped.
        UmtnError
            If the network's output is not a number.
        """
        tasks = [
            StreamTask(self.engine, state, self._end(state, until))
            for state in self.states
            if state.position < self._end(state, until)
        ]
        if not tasks:
            return
        total = sum(state.request.samples for state in self.states)
        made_before = self._made
        groups = self._divided(tasks, to_the_end=until is None and seconds is None)
        threads = max(1, self.engine.threads // len(groups))
        batches = [StreamBatch(self.engine, self.sampling, group, threads) for group in groups]
        began = time.monotonic()

        def watch(done: bool) -> None:
            if not done and cancelled is not None and cancelled():
                raise Cancelled("The translation was cancelled.")
            took = time.monotonic() - began
            if progress is not None:
                progress(_progress(made_before, self._made, total, took))
            if not done and seconds is not None and took >= seconds:
                raise _TimeIsUp

        with contextlib.suppress(_TimeIsUp):
            run_watched((batch.run for batch in batches), self.engine.threads, watch)

    @property
    def _made(self) -> int:
        return sum(state.position for state in self.states)

    def _end(self, state: StreamState, until: int | None) -> int:
        samples = state.request.samples
        bands = self.engine.shape.bands
        return samples if until is None else min(samples, -(-until // bands) * bands)

    def _at_once(self, *, to_the_end: bool) -> int:
        """Count the streams that may be in one batch, by memory.

        A device's streams need the host's for their rings only when they are to be stopped and
        gone on with.
        """
        engine = self.engine
        if not engine.on_device:
            here = streams_at_once(engine.shape) // engine.threads
        elif to_the_end:
            here = streams_conditioned(engine.shape, FRAMES)
        else:
            here = rings_to_keep(engine.shape)
        return max(1, min(engine.most_streams, here))

    def _divided(self, tasks: Sequence[StreamTask], *, to_the_end: bool) -> list[list[StreamTask]]:
        """Streams that can run together, in as many batches as there are threads for."""
        by_position = defaultdict(list)
        for task in tasks:
            by_position[task.state.position].append(task)
        # Batches that were interrupted stand at positions of their own. Were each divided
        # between all threads again, every interruption would leave smaller ones.
        threads = max(1, self.engine.threads // len(by_position))
        # Of all that are waiting, no more are under way at once than there is memory for; the
        # others have no rings before it is their turn.
        most = self._at_once(to_the_end=to_the_end)
        batches = []
        for together in by_position.values():
            # Dealt out longest first, so that all batches take about as long.
            together.sort(key=lambda task: -task.left)
            fewest = self.engine.fewest_streams_a_thread
            count = min(threads, -(-len(together) // fewest))
            count = max(count, -(-len(together) // most))
            batches += [together[i::count] for i in range(count)]
        return batches


class _TimeIsUp(Exception):
    """Ends an advance that was to take only so long."""


def _progress(before: int, made: int, total: int, seconds: float) -> Progress:
    # The first instants are spent opening things, and say nothing of the pace.
    known = seconds > 0.5 and made > before
    left = seconds / (made - before) * (total - made) if known else None
    return Progress(made / total, left)
