"""How fast an engine is on this machine: a short decode, timed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np

from umtn_core.companding import NOTHING_YET
from umtn_core.decode.batch import STEPS
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.decode.uniform import uniforms

#: Rounds that the time is divided into at least; the best counts.
_ROUNDS = 3


def samples_a_second(engine: Engine, streams: int, seconds: float) -> float:
    """Time so many streams, dealt out to threads as a decode does it.

    Parameters
    ----------
    engine
        Ready to run.
    streams
        How many.
    seconds
        To take, about; more if a single step takes longer.

    Returns
    -------
    float
        The best rate over all streams, random numbers and sampling included.
    """
    groups = min(engine.threads, -(-streams // engine.fewest_streams_a_thread))
    sizes = [len(range(i, streams, groups)) for i in range(groups)]
    rows = [_Row(engine, size, max(1, engine.threads // groups)) for size in sizes]
    best, steps = 0.0, 1
    with ThreadPoolExecutor(groups) as pool:
        deadline = time.perf_counter() + seconds
        while not best or time.perf_counter() < deadline:
            start = time.perf_counter()
            list(pool.map(_Row.run, rows, [steps] * groups))
            took = time.perf_counter() - start
            if took < seconds / _ROUNDS / 2:
                steps *= 2
            else:
                best = max(best, steps * streams / took)
    return best


class _Row:
    """Streams on one thread."""

    def __init__(self, engine: Engine, streams: int, threads: int):
        shape = engine.shape
        self._streams = streams
        self._stepper = engine.stepper(streams, Sampling(), threads)
        latents = np.random.default_rng(0).normal(size=(shape.latent_channels, streams))
        self._conditioning = engine.condition(latents.astype(np.float32))
        rings = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
        recent = np.full((streams, shape.input_kernel), NOTHING_YET, np.int64)
        self._stepper.load(0, recent, [rings] * streams)
        self._time = 0

    def run(self, steps: int) -> None:
        """Make so many samples of every stream, as many at a time as a decode does."""
        for begin in range(0, steps, STEPS):
            count = min(STEPS, steps - begin)
            numbers = uniforms(0, range(self._streams), self._time, count)
            codes = np.empty((self._streams, count), np.uint8)
            self._stepper.steps(self._conditioning, numbers, codes, Event())
            self._time += count
