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

import numpy as np

from export.graphs import conditioner_graph, decoder_step_graph, encoder_graph
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.bundle.manifest import ENCODER, SCHEMA, conditioner_file, decoder_file
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.timed_decodes import Run, machine_peak
from umtn_core.native.calls import targets
from umtn_core.networks.decoder import Decoder
from umtn_core.networks.encoder import Encoder
from umtn_core.runtime import available_cores
from umtn_core.shape import PRESETS, NetworkShape

#: Turns that the engines take.
TURNS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,paper,released")
    parser.add_argument("--streams", default="1,4,32,64")
    parser.add_argument("--engines", default="onnx,cpu,cpu-bf16,cpu-int8")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line, about")
    parser.add_argument("--busy", action="store_true", help="count time on a core, not by the wall")
    options = parser.parse_args()
    clock = time.thread_time if options.busy else time.perf_counter
    counts = [int(count) for count in options.streams.split(",")]
    print(f"{available_cores()} cores, {targets()[0]}")
    print("shape     engine    streams  samples/s  real time  of peak   onnx  best onnx   fp32")
    for name in options.shapes.split(","):
        shape = PRESETS[name]
        bundle = random_bundle(shape)
        engines = {
            each: open_engine(each, bundle, "any", whatever_it_loses=True)
            for each in options.engines.split(",")
        }
        best_onnx = float("nan")
        for streams in counts:
            runs = {each: Run(engine, streams, clock) for each, engine in engines.items()}
            peaks = dict.fromkeys(engines, 0.0)
            for _ in range(TURNS):
                for each, run in runs.items():
                    run.take(options.seconds / TURNS)
                    peaks[each] = max(peaks[each], machine_peak(engines[each]))
            rates = {each: run.best for each, run in runs.items()}
            onnx, fp32 = rates.get("onnx", float("nan")), rates.get("cpu", float("nan"))
            best_onnx = np.fmax(best_onnx, onnx)
            for each, rate in rates.items():
                share = rate / shape.bands * shape.multiply_adds / peaks[each]
                print(
                    f"{name:9s} {each:9s} {streams:7d} {rate:10.0f} "
                    f"{rate / shape.output_rate:9.2f}x {share:8.3f} {rate / onnx:5.1f}x "
                    f"{rate / best_onnx:9.1f}x {rate / fp32:5.2f}x",
                    flush=True,
                )


def random_bundle(shape: NetworkShape) -> Bundle:
    """Make a model with random weights."""
    weights = {k: v.numpy() for k, v in Decoder(shape).state_dict().items()}
    encoder = {k: v.numpy() for k, v in Encoder(shape).state_dict().items()}
    graphs = {
        ENCODER: encoder_graph(shape, encoder).SerializeToString(),
        conditioner_file("any"): conditioner_graph(shape, weights).SerializeToString(),
        decoder_file("any"): decoder_step_graph(shape, weights).SerializeToString(),
    }
    gains = (1.0,) * shape.bands if shape.bands > 1 else ()
    manifest = Manifest(
        schema=SCHEMA, name="random", domains=(Domain("any", band_gains=gains),), shape=shape,
        licence="none", training_data="none", reference_loudness=-20.0, files={},
    )  # fmt: skip
    return Bundle.in_memory(manifest, graphs)


if __name__ == "__main__":
    main()
