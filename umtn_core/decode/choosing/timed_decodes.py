"""How fast an engine is on this machine: short decodes, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import NOTHING_YET
from umtn_core.decode.batch import STEPS
from umtn_core.decode.cpu.cpu_engine import CpuEngine, measured_peak
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.uniform import Seeds, uniforms
from umtn_core.native.library import is_available

#: Runs that a turn's time is divided into at least; the best of all counts.
_RUNS = 3

#: Reads the time, in seconds.
Clock = Callable[[], float]


class Run:
    """So many streams of an engine, dealt out to threads as a decode does it.

    Random numbers and sampling are included, taking over the streams' state is not.

    Parameters
    ----------
    engine
        Ready to run.
    streams
        The number of streams.
    clock
        Read by each thread; `time.thread_time` counts time on a core, for busy machines.

    Attributes
    ----------
    best : float
        Best rate so far, in samples a second over all streams; 0 before the first turn.
    """

    def __init__(self, engine: Engine, streams: int, clock: Clock = time.perf_counter):
        self._streams = streams
        groups = min(engine.threads, -(-streams // engine.fewest_streams_a_thread))
        sizes = [len(range(i, streams, groups)) for i in range(groups)]
        self._rows = [_Row(engine, size, max(1, engine.threads // groups), clock) for size in sizes]
        self._steps = 1
        self._bands = engine.shape.bands
        self.best = 0.0

    def take(self, seconds: float) -> None:
        """Make samples for about so long, more if a single step takes longer."""
        runs = 0
        with ThreadPoolExecutor(len(self._rows)) as pool:
            deadline = time.perf_counter() + seconds
            while not runs or time.perf_counter() < deadline:
                took = max(pool.map(_Row.run, self._rows, [self._steps] * len(self._rows)))
                if took < seconds / _RUNS / 2:
                    self._steps *= 2
                else:
                    runs += 1
                    samples = self._steps * self._bands * self._streams
                    self.best = max(self.best, samples / took)


class _Row:
    """Streams on one thread."""

    def __init__(self, engine: Engine, streams: int, threads: int, clock: Clock):
        shape = engine.shape
        self._streams, self._clock = streams, clock
        self._stepper = engine.stepper(streams, Sampling(), threads)
        latents = np.random.default_rng(0).normal(size=(shape.latent_channels, streams))
        self._conditioning = engine.condition(latents.astype(np.float32))
        recent = np.full((streams, shape.input_codes), NOTHING_YET, np.int64)
        self._stepper.load(0, recent, None)
        self._bands = shape.bands
        self._made = 0
        ids = tuple(range(streams))
        self._seeds = Seeds((0,) * streams, ids) if engine.makes_uniforms else None

    def run(self, steps: int) -> float:
        """Make so many steps of every stream, as many at a time as a decode does; the seconds."""
        began = self._clock()
        for begin in range(0, steps, STEPS):
            count = min(STEPS, steps - begin) * self._bands
            numbers = self._numbers(count)
            codes = np.empty((self._streams, count), np.uint8)
            self._stepper.steps(self._conditioning, numbers, codes, Event())
            self._made += count
        return self._clock() - began

    def _numbers(self, count: int) -> NDArray[np.float32] | Seeds:
        if self._seeds is not None:
            return self._seeds
        return uniforms(0, range(self._streams), self._made, count)


def machine_peak(engine: Engine) -> float:
    """Multiply-adds a second that all cores do together when they do nothing else.

    Parameters
    ----------
    engine
        Whose precision and threads to measure with; what runs elsewhere than on the CPU's own
        kernels is compared with float32.

    Returns
    -------
    float
        NaN where the kernels were not built.
    """
    if not is_available():
        return float("nan")
    precision = engine.precision if isinstance(engine, CpuEngine) else "fp32"
    with ThreadPoolExecutor(engine.threads) as pool:
        return sum(pool.map(measured_peak, [precision] * engine.threads))
