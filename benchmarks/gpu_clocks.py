"""What the clock cycles of a GPU's multiprocessors go to while the `cuda` engine decodes.

Usage: python benchmarks/gpu_clocks.py [--shape released] [--precision fp16] [--streams 1,64,3584]
                                       [--image FILE] [--steps 256] [--json FILE]

A build of the kernels that counts is taken from FILE, or made here by nvcc or NVRTC. Each line is a
kind of block, and says how many cycles of a step one spends in each phase: `arrival` and `skips`
are waiting for others, and taking what comes. Of a pipeline with one group the last line says what
is left for a hop from block to block once the work that others wait for is taken away. Profilers
cannot tell that: they run a kernel's blocks several times, or not at once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.decode.cuda.cuda_engine import PHASES, CudaEngine, CudaStepper
from umtn_core.decode.cuda.cuda_plan import Plan
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.uniform import Seeds
from umtn_core.errors import UmtnError
from umtn_core.native.cuda.device import HERE
from umtn_core.native.cuda.image import OVERRIDE, compile_image

#: Work of a stage, and of a block that makes codes, that others wait for.
WAITED_FOR = ("newest", "gate", "out")
HEAD = ("hidden", "logits", "draw")

#: Steps that are not counted: the first ones fill caches.
WARM = 64


def main() -> int:
    """Count, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", default="released", help="a preset, or tiny to rehearse")
    parser.add_argument("--precision", default="fp16", choices=("fp32", "fp16", "bf16"))
    parser.add_argument("--streams", default="1,64,3584")
    parser.add_argument("--image", type=Path)
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--json", type=Path, help="file that gets all figures, a line a count")
    options = parser.parse_args()
    from decoding import random_bundle
    from gpu_engines import shape_named

    shape = shape_named(options.shape)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ[OVERRIDE] = str(options.image or counting_image(Path(folder)))
            bundle = random_bundle(shape)
            engine = CudaEngine(bundle, "any", options.precision)
    except UmtnError as error:
        print(f"gpu_clocks.py: {error}", file=sys.stderr)
        return 1
    print(f"{engine.device.name}, {options.shape}, {options.precision}: cycles a step and block")
    print(f"{'':24}" + "".join(f"{phase:>9}" for phase in PHASES) + f"{'all':>10}")
    for streams in map(int, options.streams.split(",")):
        if streams > engine.most_streams:
            print(f"{streams} streams: no room")
            continue
        plan, cycles = counted(engine, streams, options.steps)
        print(f"{streams} streams, {plan.kernel}, {plan.pipelines} x {plan.stages} stages")
        for line in table(plan, cycles):
            print(line)
        if options.json:
            row = {
                "device": engine.device.name, "shape": options.shape, "plan": plan.kernel,
                "precision": options.precision, "streams": streams, "phases": PHASES,
                "cycles": [[round(c) for c in block] for block in cycles.tolist()],
            }  # fmt: skip
            with options.json.open("a") as file:
                file.write(json.dumps(row) + "\n")
    return 0


def counting_image(folder: Path) -> Path:
    """Build the kernels so that they count.

    Raises
    ------
    UmtnError
        If there is neither nvcc nor NVRTC, or no GPU.
    """
    path = folder / "clocks.fatbin"
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if nvcc:
        source = str(HERE / "decode.cu")
        command = [nvcc, "-std=c++17", "-fatbin", "-arch=native", "-DUMTN_CLOCKS", source]
        done = subprocess.run([*command, "-o", str(path)], capture_output=True, text=True)
        if done.returncode:
            raise UmtnError(f"nvcc cannot build the kernels: {done.stderr.strip()[-300:]}")
        return path
    from umtn_core.native.cuda.driver import open_device

    path.write_bytes(compile_image(open_device().capability, "UMTN_CLOCKS"))
    return path


def counted(engine: CudaEngine, streams: int, steps: int) -> tuple[Plan, NDArray[np.float64]]:
    """Decode, and count the cycles of a step.

    Returns
    -------
    plan : Plan
        What the streams were decoded by.
    cycles : float64 array (blocks, phases)
    """
    shape = engine.shape
    stepper = engine.stepper(streams, Sampling())
    assert isinstance(stepper, CudaStepper)
    stepper.load(0, np.full((streams, shape.input_codes), shape.start_code, np.int64), None)
    latents = np.random.default_rng(0).normal(size=(shape.latent_channels, streams))
    conditioning = engine.condition(latents.astype(np.float32))
    conditioning.flags.writeable = False
    seeds = Seeds((0,) * streams, tuple(range(streams)))

    def run(count: int) -> None:
        codes = np.empty((streams, count * shape.bands), np.uint8)
        stepper.steps(conditioning, seeds, codes, Event())

    run(WARM)
    stepper.count_cycles()
    run(steps)
    return stepper.plan, stepper.cycles().astype(np.float64) / steps


def table(plan: Plan, cycles: NDArray[np.float64]) -> list[str]:
    """Say what each kind of block does, and what is left for a hop."""

    def line(name: str, rows: Any) -> str:
        mean = np.atleast_2d(rows).mean(axis=0)
        return f"  {name:22}" + "".join(f"{c:9.0f}" for c in mean) + f"{mean.sum():10.0f}"

    if not plan.is_pipeline:
        return [line("all layers", cycles)]
    heads = plan.heads * plan.head_parts
    each = cycles[: plan.pipelines * (plan.stages + heads)]
    each = each.reshape(plan.pipelines, plan.stages + heads, -1)
    stages, ends = each[:, : plan.stages], each[:, plan.stages :]
    lines = [
        line("first stage", stages[:, 0]),
        line("other stages", stages[:, 1:].reshape(-1, len(PHASES))),
        line("codes", ends.reshape(-1, len(PHASES))),
    ]
    if plan.groups == 1:
        left = hop(stages[0], ends[0])
        lines.append(f"  a hop, with what is taken: {left:.0f}")
    return lines


def hop(stages: NDArray[np.float64], ends: NDArray[np.float64]) -> float:
    """Work out the cycles from the end of one block's work to the begin of the next one's.

    Parameters
    ----------
    stages, ends : float64 arrays (blocks, phases)
        Those of one pipeline with a single group, with layers, and making codes.
    """
    step = stages.sum(axis=1).mean()
    of = [PHASES.index(name) for name in WAITED_FOR]
    head = [PHASES.index(name) for name in HEAD]
    work = stages[:, of].sum() + ends[:, head].sum(axis=1).max()
    return float((step - work) / (len(stages) + 1))


if __name__ == "__main__":
    sys.exit(main())
