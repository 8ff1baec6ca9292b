"""A batch of streams on one thread, through latent frames and the ends of its streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.decode.engine import Engine, Stepper
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import StreamState
from umtn_core.decode.uniform import uniforms

#: Steps between two reports of a stream's position.
STEPS = 100
#: Latent frames conditioned at a time: an hour's conditioning would fill the memory.
FRAMES = 32


class Batch:
    """Streams at the same position, advanced to their ends.

    Parameters
    ----------
    engine, sampling
        What advances them.
    states
        The streams, changed in place.
    ends
        Position to bring each to, by ``id`` of its state.
    """

    def __init__(
        self,
        engine: Engine,
        sampling: Sampling,
        states: Sequence[StreamState],
        ends: Mapping[int, int],
    ):
        self._engine = engine
        self._sampling = sampling
        self._states = list(states)
        self._ends = ends
        self._conditions: dict[int, Conditions] = {
            id(state): Conditions(engine, state.request.latents) for state in states
        }

    def run(self, stop: Event) -> None:
        """Advance until every stream is at its end, or until told to stop."""
        while self._states and not stop.is_set():
            self._run_to_next_end(stop)
            self._states = [s for s in self._states if s.position < self._ends[id(s)]]

    def _run_to_next_end(self, stop: Event) -> None:
        """Advance all streams to where the first of them ends."""
        states, shape = self._states, self._engine.shape
        end = min(self._ends[id(state)] for state in states)
        time = states[0].position
        rings = [state.rings for state in states]
        stepper = self._engine.stepper(len(states), self._sampling)
        stepper.load(time, np.stack([state.recent(shape) for state in states]), rings)
        try:
            while time < end and not stop.is_set():
                frame = time // shape.hop
                count = min(end, (frame + 1) * shape.hop, time + STEPS) - time
                made = self._steps(stepper, frame, time, count, stop)
                time += made
        finally:
            stepper.store(rings)

    def _steps(self, stepper: Stepper, frame: int, time: int, count: int, stop: Event) -> int:
        states = self._states
        conditioning = np.stack([self._conditions[id(state)].at(frame) for state in states])
        numbers = uniforms(
            self._sampling.seed, [state.request.id for state in states], time, count
        )
        codes = np.empty((len(states), count), np.uint8)
        made = stepper.steps(conditioning, numbers, codes, stop)
        for state, row in zip(states, codes, strict=True):
            state.codes[time : time + made] = row[:made]
            state.position += made
        return made


class Conditions:
    """A stream's conditioning, made some frames at a time.

    Which frames are made together depends on the stream alone, so that its samples do.
    """

    def __init__(self, engine: Engine, latents: NDArray[np.float32]):
        self._engine = engine
        self._latents = latents
        # The convolution before the products looks one frame to each side.
        self._context = 1 if engine.shape.conditioning_channels else 0
        self._first = 0
        self._made: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def at(self, frame: int) -> NDArray[np.float32]:
        """Conditioning of one frame: float32, shape (conditioning_width,)."""
        if not self._first <= frame < self._first + len(self._made):
            self._first = frame // FRAMES * FRAMES
            begin = max(0, self._first - self._context)
            end = self._first + FRAMES + self._context
            made = self._engine.condition(self._latents[:, begin:end])
            self._made = made[self._first - begin :][:FRAMES]
        return self._made[frame - self._first]
