"""How fast the GPU engines are, beside what they should reach on one H100: one table.

Usage: python benchmarks/gpu_engines.py [--quick] [--shapes released,paper,small]

Run by `benchmarks/on_gpu.sh`. Weights are random; the best of a few runs, uploads, random numbers
and sampling included. Without a GPU it says so and ends.
"""

from __future__ import annotations

import argparse

from decoding import random_bundle

from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.timed_decodes import Run
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.decode.engine import Engine
from umtn_core.decode.onnx.onnx_device_engine import OnnxDeviceEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.errors import UmtnError
from umtn_core.shape import PRESETS

ENGINES = ("cuda", "cuda-fp16", "cuda-bf16", "onnx-cuda")
STREAMS = (1, 8, 64, 256, 1024, 2048, 3584)

#: Times real time that the released shape has to reach on one H100, and should.
MANY, ONE = (100, 1000), (0.5, 1.5)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer streams, shorter runs")
    parser.add_argument("--shapes", default="released,paper,small")
    options = parser.parse_args()
    seconds = 0.6 if options.quick else 1.5
    counts = (1, 64, 1024) if options.quick else STREAMS
    best: dict[str, float] = {}
    print("shape     engine     streams  samples/s   real time  how")
    for name in options.shapes.split(","):
        bundle = random_bundle(PRESETS[name])
        for engine_name in ENGINES:
            try:
                engine = open_engine(engine_name, bundle, "any")
            except UmtnError as error:
                print(f"{name:9s} {engine_name:10s} {error}")
                continue
            for streams in counts:
                rate = _rate(engine, streams, seconds)
                if rate is None:
                    continue
                times = rate / PRESETS[name].output_rate
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
    main()
