"""How fast the decode engines are, as shares of what the machine can do: one table.

Usage: python benchmarks/decoding.py [--shapes small,paper,released] [--streams 1,4,32]
                                     [--engines onnx,cpu,cpu-bf16,cpu-int8] [--seconds 2]

Weights are random, all cores are used, and each line is the best of a few runs of a whole decode:
conditioning, random numbers and sampling included. `of peak` is the part of the multiply-adds that
the cores in use do a second when they do nothing else, in the line's own precision, measured
beside it; `against onnx` compares with the onnx engine's best over all numbers of streams.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from export.graphs import conditioner_graph, decoder_step_graph
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.bundle.manifest import SCHEMA, conditioner_file, decoder_file
from umtn_core.decode.cpu_engine import CpuEngine, measured_peak, targets
from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine
from umtn_core.decode.engines import open_engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.networks.decoder import Decoder
from umtn_core.runtime import available_cores
from umtn_core.shape import PRESETS, NetworkShape

RUNS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,paper,released")
    parser.add_argument("--streams", default="1,4,32,64")
    parser.add_argument("--engines", default="onnx,cpu,cpu-bf16,cpu-int8")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line, about")
    options = parser.parse_args()
    counts = [int(count) for count in options.streams.split(",")]
    print(f"{available_cores()} cores, {targets()[0]}")
    print("shape     engine    streams  samples/s  real time  of peak  against onnx")
    for name in options.shapes.split(","):
        shape = PRESETS[name]
        bundle = random_bundle(shape)
        best_onnx = float("nan")
        for engine_name in options.engines.split(","):
            engine = open_engine(engine_name, bundle, "any")
            rates = {n: samples_a_second(engine, n, options.seconds) for n in counts}
            if engine_name == "onnx":
                best_onnx = max(rates.values())
            for streams, rate in rates.items():
                share = rate * shape.multiply_adds / peak(engine)
                print(
                    f"{name:9s} {engine_name:9s} {streams:7d} {rate:10.0f} "
                    f"{rate / shape.sample_rate:9.2f}x {share:8.3f} {rate / best_onnx:12.2f}x",
                    flush=True,
                )


def samples_a_second(engine: Engine, streams: int, seconds: float) -> float:
    """Best rate of a few runs, over all streams."""
    rng = np.random.default_rng(0)
    shape = engine.shape
    frames = 2000
    requests = [
        Stream(rng.normal(size=(shape.latent_channels, frames)).astype(np.float32),
               frames * shape.hop, i)
        for i in range(streams)
    ]  # fmt: skip
    decode = Decode(engine, requests, Sampling())
    until, best, length = 0, 0.0, 4
    for _ in range(RUNS + 20):
        begin, start = until, time.perf_counter()
        until = min(until + length, frames * shape.hop)
        decode.advance(until)
        took = time.perf_counter() - start
        if took < seconds / RUNS / 2:
            length *= 2
            continue
        best = max(best, (until - begin) * streams / took)
        seconds -= took
        if seconds <= 0:
            break
    return best


def peak(engine: Engine) -> float:
    """Multiply-adds a second that all cores do together."""
    precision = engine.precision if isinstance(engine, CpuEngine) else "fp32"
    with ThreadPoolExecutor(engine.threads) as pool:
        return sum(pool.map(measured_peak, [precision] * engine.threads))


def random_bundle(shape: NetworkShape) -> Bundle:
    """Make a model with random weights."""
    weights = {k: v.numpy() for k, v in Decoder(shape).state_dict().items()}
    graphs = {
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
