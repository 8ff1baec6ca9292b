"""How fast the GPU engines are, beside what they should reach on one H100: one table.

Usage: python benchmarks/gpu_engines.py [--quick] [--shapes released,paper,small,tiny]

Run by `benchmarks/on_gpu.sh`. Weights are random; the best of a few runs, uploads, random numbers
and sampling included. Without a GPU it says so and ends with 1. The shape `tiny` is for rehearsals.
"""

from __future__ import annotations

import argparse
import sys

from decoding import random_bundle

from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.timed_decodes import Run
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.decode.engine import Engine
from umtn_core.decode.onnx.onnx_device_engine import OnnxDeviceEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.errors import UmtnError
from umtn_core.shape import PRESETS, NetworkShape

ENGINES = ("cuda", "cuda-fp16", "cuda-bf16", "onnx-cuda")
STREAMS = (1, 8, 64, 256, 1024, 2048, 3584)
#: What an emulated GPU does in a moment, and how few streams of it.
TINY = NetworkShape(
    hop=10, latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=1,
    decoder_blocks=1, decoder_layers=3, residual_channels=32, skip_channels=16,
)  # fmt: skip
FEW = (1, 9)

#: Times real time that the released shape has to reach on one H100, and should.
MANY, ONE = (100, 1000), (0.5, 1.5)


def shape_named(name: str) -> NetworkShape:
    """Return a preset, or `TINY`.

    Raises
    ------
    SystemExit
        If there is none of the name.
    """
    shapes = PRESETS | {"tiny": TINY}
    if name not in shapes:
        raise SystemExit(f"There is no shape {name}: choose from {', '.join(shapes)}.")
    return shapes[name]


def main() -> int:
    """Measure and print; returns 1 where no engine ran."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer streams, shorter runs")
    parser.add_argument("--shapes", default="released,paper,small")
    options = parser.parse_args()
    seconds = 0.6 if options.quick else 1.5
    best: dict[str, float] = {}
    ran = False
    print("shape     engine     streams  samples/s   real time  how")
    for name in options.shapes.split(","):
        shape = shape_named(name)
        bundle = random_bundle(shape)
        counts = FEW if name == "tiny" else (1, 64, 1024) if options.quick else STREAMS
        for engine_name in ENGINES:
            try:
                engine = open_engine(engine_name, bundle, "any")
            except UmtnError as error:
                print(f"{name:9s} {engine_name:10s} {error}")
                continue
            for streams in counts:
                try:
                    rate = _rate(engine, streams, seconds)
                except UmtnError as error:
                    print(f"{name:9s} {engine_name:10s} {streams:7d} {error}", flush=True)
                    break
                if rate is None:
                    continue
                ran = True
                times = rate / shape.output_rate
                print(
                    f"{name:9s} {engine_name:10s} {streams:7d} {rate:10.0f} {times:10.2f}x  "
                    f"{_spread(engine, streams)}",
                    flush=True,
                )
                if name == "released":
                    kind = "one stream" if streams == 1 else "many streams"
                    best[kind] = max(best.get(kind, 0.0), times)
    for kind, (least, aim) in (("many streams", MANY), ("one stream", ONE)):
        if kind in best:
            verdict = "reached" if best[kind] >= least else "MISSED"
            print(
                f"released, {kind}: {best[kind]:.2f}x real time; at least {least}x {verdict}, "
                f"aim {aim}x"
            )
    return 0 if ran else 1


def _rate(engine: Engine, streams: int, seconds: float) -> float | None:
    """Return samples a second; None where so many streams do not fit or would take too long."""
    if isinstance(engine, CudaEngine):
        if streams > engine.most_streams:
            return None
    elif streams > 64:
        return None  # more than its batches ever have
    run = Run(engine, streams)
    run.take(seconds)
    return run.best


def _spread(engine: Engine, streams: int) -> str:
    if isinstance(engine, OnnxDeviceEngine):
        return "steps as CUDA graphs" if engine.captured else "steps node by node"
    if not isinstance(engine, CudaEngine):
        return ""
    plan = engine.stepper(streams, Sampling()).plan
    if not plan.is_pipeline:
        return f"{plan.blocks} blocks, {plan.group} streams a group"
    kind = "clustered stages" if plan.clustered else "stages"
    return (
        f"{plan.pipelines} x ({plan.stages} {kind} + {plan.heads} heads), "
        f"{plan.group} streams a group"
    )


if __name__ == "__main__":
    sys.exit(main())
