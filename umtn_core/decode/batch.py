"""A batch of streams on one thread, through latent frames and the ends of its streams."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.decode.engine import Engine, Stepper
from umtn_core.decode.memory import rings_to_keep
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout, StreamState
from umtn_core.decode.uniform import Seeds, uniforms
from umtn_core.rows import Latents

#: Steps between two reports of a stream's position.
STEPS = 100
#: Latent frames conditioned at a time: an hour's conditioning would fill the memory.
FRAMES = 32


class StreamTask:
    """A stream, and the position that it is to be brought to.

    Parameters
    ----------
    engine
        The engine that advances it.
    state
        The stream's state, which is changed in place.
    end
        The position in samples.
    """

    def __init__(self, engine: Engine, state: StreamState, end: int):
        self.state = state
        self.end = end
        self.conditions = Conditions(engine, state.request.latents)

    @property
    def left(self) -> int:
        """Samples still to be made."""
        return self.end - self.state.position

    def take(self, begin: int, codes: NDArray[np.uint8]) -> None:
        """Take codes over that begin at a position, up to the end."""
        end = min(begin + len(codes), self.end)
        if end > self.state.position:
            self.state.codes[begin:end] = codes[: end - begin]
            self.state.position = end


class StreamBatch:
    """Streams at the same position, advanced to their ends.

    Parameters
    ----------
    engine, sampling
        What advances them.
    tasks
        The streams with their ends.
    threads
        The number of threads that the engine may use for this batch.
    """

    def __init__(
        self, engine: Engine, sampling: Sampling, tasks: Sequence[StreamTask], threads: int = 1
    ):
        self._threads = threads
        self._engine = engine
        self._sampling = sampling
        self._tasks = list(tasks)
        self._frame = -1
        self._entered = 0
        self._conditioning: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._seeds = self._seeds_of(self._tasks)
        self._uniforms: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def run(self, stop: Event) -> None:
        """Advance until every stream is at its end, or until told to stop."""
        while self._tasks and not stop.is_set():
            self._run_together(stop)
            self._tasks = [task for task in self._tasks if task.left]

    def _run_together(self, stop: Event) -> None:
        """Advance all streams to where it is better to go on without those that have ended."""
        self._frame = -1
        self._seeds = self._seeds_of(self._tasks)
        states, shape = [task.state for task in self._tasks], self._engine.shape
        bands, hop = shape.bands, shape.output_hop
        room = rings_to_keep(shape)
        end = self._next_end(room)
        made = states[0].position
        stepper = self._engine.stepper(len(states), self._sampling, self._threads)
        rings = [state.rings for state in states if state.rings is not None]
        recent = np.stack([state.recent(shape) for state in states])
        stepper.load(made // bands, recent, rings or None)
        try:
            while made < end and not stop.is_set():
                frame = made // hop
                count = min(end, (frame + 1) * hop, made + STEPS * bands) - made
                made += self._steps(stepper, frame, made, count, stop)
            self._keep(stepper, room)
        except BaseException:
            # Where steps have failed, rings and codes are not of one position.
            for state in states:
                if not state.is_finished:
                    state.begin_anew()
            raise

    def _next_end(self, room: int) -> int:
        """Choose the position at which streams that have ended are left out.

        On the processor each costs time, so it is where the first of them ends. A device computes
        many in about the time of few, and to bring their state to the host and back takes longer
        than that: there it is where a quarter is left, and not before these fit the host's memory.
        """
        ends = sorted(task.end for task in self._tasks)
        if not self._engine.on_device:
            return ends[0]
        left = min(len(ends) // 4, room)
        return ends[-1 - left]

    def _keep(self, stepper: Stepper, room: int) -> None:
        """Take the streams' state back, but for those that are finished: theirs is of no more use.

        Of a device's streams, which may be many more than the host has memory for, the others begin
        anew: they will be the same samples. Of those that have not begun there is nothing to take.
        """
        for task in self._tasks:
            if task.state.is_finished:
                task.state.rings = None
        kept = [t.state for t in self._tasks if t.state.position and not t.state.is_finished]
        most = room if self._engine.on_device else len(kept)
        for state in kept[most:]:
            state.begin_anew()
        if not kept[:most]:
            return
        layout, channels = RingLayout.of(self._engine.shape), self._engine.shape.residual_channels
        for state in kept[:most]:
            if state.rings is None:
                state.rings = np.zeros((layout.rows, channels), np.float32)
        stepper.store([task.state.rings for task in self._tasks])

    def _steps(self, stepper: Stepper, frame: int, begin: int, count: int, stop: Event) -> int:
        """Make some samples of every stream, within a frame; returns how many."""
        if frame != self._frame:
            self._enter(frame, begin)
        codes = np.empty((len(self._tasks), count), np.uint8)
        made = stepper.steps(self._conditioning, self._numbers(begin, count), codes, stop)
        for task, row in zip(self._tasks, codes, strict=True):
            task.take(begin, row[:made])
        return made

    def _enter(self, frame: int, begin: int) -> None:
        """Make what all samples of a frame, from this one on, need."""
        self._frame, self._entered = frame, begin
        self._conditioning = np.stack([task.conditions.at(frame) for task in self._tasks])
        # So that engines may keep what they have made of it as long as it is the same array.
        self._conditioning.flags.writeable = False
        if not self._engine.makes_uniforms:
            left = (frame + 1) * self._engine.shape.output_hop - begin
            self._uniforms = uniforms(self._seeds.seeds, self._seeds.ids, begin, left)

    def _numbers(self, begin: int, count: int) -> NDArray[np.float32] | Seeds:
        """Give the random numbers of some samples, or what an engine makes them of."""
        if self._engine.makes_uniforms:
            return self._seeds
        done = begin - self._entered
        return np.ascontiguousarray(self._uniforms[:, done : done + count])

    def _seeds_of(self, tasks: Sequence[StreamTask]) -> Seeds:
        requests = [task.state.request for task in tasks]
        seeds = (self._sampling.seed if r.seed is None else r.seed for r in requests)
        return Seeds(tuple(seeds), tuple(request.id for request in requests))


class Conditions:
    """A stream's conditioning, made some frames at a time.

    Which frames are made together depends on the stream alone, so that its samples do.
    """

    def __init__(self, engine: Engine, latents: Latents):
        self._engine = engine
        self._latents = latents
        # The convolution before the products looks one frame to each side.
        self._context = 1 if engine.shape.conditioning_channels else 0
        self._first = 0
        self._made: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def at(self, frame: int) -> NDArray[np.float32]:
        """Return the conditioning of one frame: float32, shape (conditioning_width,).

        After the last frame it is that one's: a stream that has ended may be carried along.
        """
        frame = min(frame, self._latents.shape[1] - 1)
        if not self._first <= frame < self._first + len(self._made):
            self._first = frame // FRAMES * FRAMES
            begin = max(0, self._first - self._context)
            end = self._first + FRAMES + self._context
            made = self._engine.condition(self._latents[:, begin:end])
            self._made = made[self._first - begin :][:FRAMES]
        return self._made[frame - self._first]
