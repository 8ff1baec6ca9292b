"""How fast the decode engines are, as shares of what the machine can do: one table.

Usage: python benchmarks/decoding.py [--shapes small,paper,released] [--streams 1,4,32,64]
                                     [--engines onnx,cpu,cpu-bf16,cpu-int8] [--seconds 2] [--busy]

Weights are random, all cores are used, and each line is the best of a few runs, random numbers and
sampling included, taking over the streams' state not. `of peak` is the part of the multiply-adds
that all cores do a second when they do nothing else, in the line's own precision, measured beside
it; `against onnx` compares with the onnx engine's best over all numbers of streams.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np

from export.graphs import conditioner_graph, decoder_step_graph, encoder_graph
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.bundle.manifest import ENCODER, SCHEMA, conditioner_file, decoder_file
from umtn_core.companding import NOTHING_YET
from umtn_core.decode.batch import STEPS
from umtn_core.decode.cpu_engine import CpuEngine, measured_peak, targets
from umtn_core.decode.engine import Engine
from umtn_core.decode.engines import open_engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.decode.uniform import uniforms
from umtn_core.networks.decoder import Decoder
from umtn_core.networks.encoder import Encoder
from umtn_core.runtime import available_cores
from umtn_core.shape import PRESETS, NetworkShape

#: Turns that the engines take, and runs in one, at the least.
TURNS, RUNS = 3, 3

#: Set by --busy.
CLOCK = time.perf_counter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,paper,released")
    parser.add_argument("--streams", default="1,4,32,64")
    parser.add_argument("--engines", default="onnx,cpu,cpu-bf16,cpu-int8")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line, about")
    parser.add_argument("--busy", action="store_true", help="count time on a core, not by the wall")
    options = parser.parse_args()
    if options.busy:
        global CLOCK
        CLOCK = time.thread_time
    counts = [int(count) for count in options.streams.split(",")]
    print(f"{available_cores()} cores, {targets()[0]}")
    print("shape     engine    streams  samples/s  real time  of peak   onnx  best onnx   fp32")
    for name in options.shapes.split(","):
        shape = PRESETS[name]
        bundle = random_bundle(shape)
        engines = {each: open_engine(each, bundle, "any") for each in options.engines.split(",")}
        best_onnx = float("nan")
        for streams in counts:
            runs = {each: Run(engine, streams) for each, engine in engines.items()}
            for _ in range(TURNS):
                for run in runs.values():
                    run.take(options.seconds / TURNS)
            rates = {each: run.best for each, run in runs.items()}
            onnx, fp32 = rates.get("onnx", float("nan")), rates.get("cpu", float("nan"))
            best_onnx = np.fmax(best_onnx, onnx)
            for each, rate in rates.items():
                share = rate * shape.multiply_adds / runs[each].peak
                print(
                    f"{name:9s} {each:9s} {streams:7d} {rate:10.0f} "
                    f"{rate / shape.sample_rate:9.2f}x {share:8.3f} {rate / onnx:5.1f}x "
                    f"{rate / best_onnx:9.1f}x {rate / fp32:5.2f}x",
                    flush=True,
                )


class Run:
    """An engine with so many streams, dealt out to threads as a decode does it.

    Attributes
    ----------
    best
        Best rate so far, samples a second over all streams.
    peak
        Most multiply-adds a second that all cores did together, measured between turns.
    """

    def __init__(self, engine: Engine, streams: int):
        self._engine, self._streams = engine, streams
        groups = min(engine.threads, -(-streams // engine.fewest_streams_a_thread))
        sizes = [len(range(i, streams, groups)) for i in range(groups)]
        self._rows = [_Row(engine, size, engine.threads // groups) for size in sizes]
        self._steps = 1
        self.best = self.peak = 0.0

    def take(self, seconds: float) -> None:
        """Make samples for about so long, then see what the machine can do."""
        with ThreadPoolExecutor(len(self._rows)) as pool:
            deadline = time.perf_counter() + seconds
            while time.perf_counter() < deadline:
                took = max(pool.map(_Row.run, self._rows, [self._steps] * len(self._rows)))
                if took < seconds / RUNS:
                    self._steps *= 2
                else:
                    self.best = max(self.best, self._steps * self._streams / took)
        self.peak = max(self.peak, peak(self._engine))


class _Row:
    """Streams on one thread."""

    def __init__(self, engine: Engine, streams: int, threads: int):
        shape, rng = engine.shape, np.random.default_rng(0)
        self._streams = streams
        self._stepper = engine.stepper(streams, Sampling(), threads)
        latents = rng.normal(size=(shape.latent_channels, streams)).astype(np.float32)
        self._conditioning = engine.condition(latents)
        rings = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
        recent = np.full((streams, shape.input_kernel), NOTHING_YET, np.int64)
        self._stepper.load(0, recent, [rings] * streams)
        self._time = 0

    def run(self, steps: int) -> float:
        """Make so many samples of every stream, as many at a time as a decode does; the seconds."""
        start = CLOCK()
        for begin in range(0, steps, STEPS):
            count = min(STEPS, steps - begin)
            numbers = uniforms(0, range(self._streams), self._time, count)
            codes = np.empty((self._streams, count), np.uint8)
            self._stepper.steps(self._conditioning, numbers, codes, Event())
            self._time += count
        return CLOCK() - start


def peak(engine: Engine) -> float:
    """Multiply-adds a second that all cores do together."""
    precision = engine.precision if isinstance(engine, CpuEngine) else "fp32"
    with ThreadPoolExecutor(engine.threads) as pool:
        return sum(pool.map(measured_peak, [precision] * engine.threads))


def random_bundle(shape: NetworkShape) -> Bundle:
    """Make a model with random weights."""
    weights = {k: v.numpy() for k, v in Decoder(shape).state_dict().items()}
    encoder = {k: v.numpy() for k, v in Encoder(shape).state_dict().items()}
    graphs = {
        ENCODER: encoder_graph(shape, encoder).SerializeToString(),
        conditioner_file("any"): conditioner_graph(shape, weights).SerializeToString(),
        decoder_file("any"): decoder_step_graph(shape, weights).SerializeToString(),
    }
    manifest = Manifest(
        schema=SCHEMA, name="random", domains=(Domain("any"),), shape=shape,
        licence="none", training_data="none", reference_loudness=-20.0, files={},
    )  # fmt: skip
    return Bundle.in_memory(manifest, graphs)


if __name__ == "__main__":
    main()
