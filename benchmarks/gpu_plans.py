"""How long every kind of plan of the `cuda` engine takes, beside what its planner thinks.

Usage: python benchmarks/gpu_plans.py [--shapes released,small,paper,tiny] [--report FILE]

Prints a line for each plan, and appends lines of JSON to FILE ($UMTN_GPU_REPORT if not said): the
plan's fields, cycles thought and measured, times real time by the kernel alone and with all that a
decode does, the host's random numbers apart, and a sum of the codes, which has to be the same for
all plans of one work. What FILE says was begun is left out, so that it can be started again after a
plan that hung. The most telling works come first. The shape `tiny` is for rehearsals.

`grep '"cycles"' FILE` is a log that `benchmarks/fit_plans.py` reads.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from decoding import random_bundle
from gpu_engines import shape_named

from tools.gpu.attempts import REPORT, append, begun, entries
from tools.gpu.device import find
from umtn_core.bundle import Bundle
from umtn_core.companding import NOTHING_YET
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.decode.cuda.cuda_plan import Plan
from umtn_core.decode.cuda.cuda_weights import CudaPrecision
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.uniform import Seeds, uniforms
from umtn_core.errors import UmtnError
from umtn_core.native.cuda.device import Device
from umtn_core.native.cuda.driver import open_device

#: Steps whose codes are compared; seconds that a plan is timed for, and runs of it at least.
_COMPARED, _SECONDS, _RUNS = 8, 0.25, 3
#: Steps of a run: as many as a decode makes between two looks at whether it is to stop.
_MOST_STEPS = 100


class Work(NamedTuple):
    """Streams of a shape, and how many kinds of plans are timed for them."""

    shape: str
    precision: CudaPrecision
    streams: int
    plans: int

    @property
    def name(self) -> str:
        """The name of the work in the report."""
        return f"{self.shape} {self.precision} {self.streams}"


WORKS = [
    *(Work("released", "fp16", n, most) for n, most in ((1, 9), (3584, 8), (64, 8), (1024, 8))),
    *(Work("small", "fp16", n, 3) for n in (1, 3584)),
    *(Work("paper", "fp16", n, 3) for n in (1, 3584)),
    *(Work("released", "fp16", n, 6) for n in (8, 512, 256)),
    *(Work("released", "bf16", n, 2) for n in (1, 1024, 3584)),
    *(Work("released", "fp32", n, 3) for n in (1, 64, 1024, 3584)),
    *(Work("small", "fp16", n, 3) for n in (64, 1024)),
    *(Work("paper", "fp16", n, 3) for n in (64, 1024)),
    *(Work("released", "bf16", n, 2) for n in (8, 64, 512)),
    *(Work("released", "fp32", n, 2) for n in (8, 512)),
    Work("tiny", "fp16", 1, 2), Work("tiny", "fp16", 9, 4), Work("tiny", "fp32", 9, 2),
]  # fmt: skip


def main() -> int:
    """Time all works that are not in the report yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="released,small,paper")
    parser.add_argument("--report", type=Path, default=os.environ.get(REPORT))
    options = parser.parse_args()
    if options.report is None:
        parser.error(f"name a file by --report, or by {REPORT}")
    shapes = options.shapes.split(",")
    for name in shapes:
        shape_named(name)
    try:
        timing = Timing(Path(options.report))
        for work in WORKS:
            if work.shape in shapes:
                timing.take(work)
    except UmtnError as error:
        print(f"gpu_plans.py: {error}", flush=True)
        return 1
    append(timing.report, over=True)
    return 0


class Timing:
    """Works being timed on the first GPU.

    Parameters
    ----------
    report
        The file that all is appended to.
    """

    def __init__(self, report: Path):
        self.report = report
        self.device = TimedDevice(open_device())
        self.found = find()
        self.known = begun(report)
        self.sums = {
            entry["work"]: entry["codes"] for entry in entries(report)[::-1] if "codes" in entry
        }
        self.engine: tuple[tuple[str, str], CudaEngine] | None = None
        self.bundle: tuple[str, Bundle] | None = None

    def take(self, work: Work) -> None:
        """Time a work's plans, but for those that were begun before."""
        set_up = f"{work.name}: set-up"
        if f"{work.name}: all" in self.known:
            return
        starts = [name for name in self.known if name.startswith(set_up)]
        ended = {entry["done"] for entry in entries(self.report) if "done" in entry}
        if not ended.issuperset(starts):
            return  # it hung or failed
        set_up += f" {len(starts) + 1}"
        append(self.report, begun=set_up)
        try:
            engine = self._engine(work)
            streams = min(work.streams, engine.most_streams)
            plans = kinds(engine.planner.plans(streams), work.plans)
            random_us = (
                0.0 if engine.makes_uniforms else random_numbers(streams, engine.shape.bands)
            )
        except UmtnError as error:
            append(self.report, done=set_up, error=str(error))
            print(f"{work.name}: {error}", flush=True)
            return
        append(self.report, done=set_up)
        for plan in plans:
            key = f"{work.name}: {describe(plan)}"
            if key not in self.known:
                append(self.report, begun=key)
                self._take(work, streams, engine, plan, random_us, key)
        append(self.report, begun=f"{work.name}: all")
        append(self.report, done=f"{work.name}: all")

    def _engine(self, work: Work) -> CudaEngine:
        key = (work.shape, work.precision)
        if self.bundle is None or self.bundle[0] != work.shape:
            # The same weights in each process, so that codes can be compared.
            torch.manual_seed(0)
            self.bundle = (work.shape, random_bundle(shape_named(work.shape)))
        if self.engine is None or self.engine[0] != key:
            self.engine = None  # its memory first
            device = cast(Device, self.device)
            self.engine = (key, CudaEngine(self.bundle[1], "any", work.precision, device))
        return self.engine[1]

    def _take(
        self, work: Work, streams: int, engine: CudaEngine, plan: Plan, random_us: float, key: str
    ) -> None:
        try:
            times = measure(engine, self.device, plan, streams)
        except UmtnError as error:
            append(self.report, done=key, work=work.name, error=str(error))
            print(f"{key}: {error}", flush=True)
            if "The GPU failed" in str(error):
                raise  # and so will all that follows, in this process
            return
        clock = megahertz() or self.found.megahertz
        same = self.sums.setdefault(work.name, times.codes) == times.codes
        made = streams * 1e6 * engine.shape.bands / engine.shape.output_rate
        cycles = round(times.kernel_us * clock)
        entry = asdict(plan) | {
            "work": work.name, "shape": work.shape, "precision": work.precision,
            "streams": streams, "kind": describe(plan), "ran": describe(times.ran),
            "cycles": cycles, "cycles_thought": round(plan.cycles),
            "samples_per_second": round(streams * 1e6 * engine.shape.bands / times.kernel_us),
            "kernel_us": round(times.kernel_us, 3), "steps_us": round(times.steps_us, 3),
            "host_random_numbers_us": round(random_us, 3),
            "real_time_kernel": round(made / times.kernel_us, 3),
            "real_time_whole": round(made / (times.steps_us + random_us), 3),
            "codes": times.codes, "same_codes": same, "megahertz": clock,
            "device": self.found.name,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }  # fmt: skip
        append(self.report, done=key, **entry)
        print(
            f"{key}: {entry['real_time_kernel']:.2f}x real time by the kernel, "
            f"{entry['real_time_whole']:.2f}x in all; {plan.cycles / 1e3:.0f} kilocycles thought, "
            f"{cycles / 1e3:.0f} measured"
            + ("" if same else "; THE CODES ARE NOT THOSE OF ANOTHER PLAN"),
            flush=True,
        )


def kinds(plans: Iterator[Plan], most: int) -> list[Plan]:
    """Take the plan of each kind that is thought fastest, the fastest kind first."""
    found: dict[tuple[object, ...], Plan] = {}
    for plan in sorted(plans, key=lambda plan: plan.cycles):
        # Variants differ in more than these; what they share decides how the work is divided.
        kind = (
            plan.kind, plan.is_pipeline, plan.clustered > 0, min(plan.stage_layers, 3),
        )  # fmt: skip
        found.setdefault(kind, plan)
    return list(found.values())[:most]


def describe(plan: Plan) -> str:
    """Write a plan in a few words."""
    groups = f"groups of {plan.group}, {plan.warps} warps"
    if not plan.is_pipeline:
        where = ", in device memory" if plan.workspace_bytes else ""
        return f"plain, {plan.blocks} blocks, {groups}{where}"
    parts = f" x {plan.head_parts}" if plan.head_parts > 1 else ""
    layers = f" of {plan.stage_layers} layers" if plan.stage_layers > 1 else ""
    clustered = ", clustered" if plan.clustered else ""
    # Of these alone there are two kernels: one has its layer's weights in registers.
    held = ", weights in registers" if plan.kernel.startswith("one_") else ""
    return (
        f"{plan.pipelines} x ({plan.stages} stages{layers} + {plan.heads}{parts} heads), "
        f"{groups}{held}{clustered}"
    )


class Times(NamedTuple):
    """What a step of all streams takes, in microseconds; the codes' sum, and the plan that ran."""

    kernel_us: float
    steps_us: float
    codes: str
    ran: Plan


def measure(engine: CudaEngine, device: TimedDevice, plan: Plan, streams: int) -> Times:
    """Time one plan."""
    shape = engine.shape
    cast(Any, engine.planner).best = lambda _: plan
    stepper = engine.stepper(streams, Sampling())
    stepper.load(0, np.full((streams, shape.input_codes), NOTHING_YET, np.int64), None)
    latents = np.random.default_rng(0).normal(size=(shape.latent_channels, streams))
    conditioning = engine.condition(latents.astype(np.float32))
    conditioning.flags.writeable = False
    seeds = Seeds((0,) * streams, tuple(range(streams))) if engine.makes_uniforms else None
    made = 0

    def run(steps: int) -> tuple[float, np.ndarray[Any, np.dtype[np.uint8]]]:
        nonlocal made
        count = steps * shape.bands
        numbers = seeds or uniforms(0, range(streams), made, count)
        codes = np.empty((streams, count), np.uint8)
        began = time.perf_counter()
        stepper.steps(conditioning, numbers, codes, Event())
        made += count
        return time.perf_counter() - began, codes

    took, codes = run(_COMPARED)
    steps = max(_COMPARED, min(_MOST_STEPS, int(_SECONDS / _RUNS / (took / _COMPARED))))
    kernels: list[float] = []
    wholes: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(wholes) < _RUNS or time.perf_counter() < until:
        device.take()
        took, _ = run(steps)
        kernels.append(device.take() / steps * 1e3)
        wholes.append(took / steps * 1e6)
    return Times(
        median(kernels), median(wholes), f"{zlib.crc32(codes.tobytes()):08x}", stepper.plan
    )


def random_numbers(streams: int, bands: int) -> float:
    """Time the host's random numbers of a step of all streams, in microseconds."""
    took = []
    for start in range(0, 3 * _MOST_STEPS, _MOST_STEPS):
        began = time.perf_counter()
        uniforms(0, range(streams), start * bands, _MOST_STEPS * bands)
        took.append(time.perf_counter() - began)
    return min(took) / _MOST_STEPS * 1e6


class TimedDevice:
    """A device that times its kernels.

    Parameters
    ----------
    device
        The device that does the work.
    """

    def __init__(self, device: Device):
        self._device = device
        self._driver = ctypes.CDLL("libcuda.so.1")
        self._pairs: list[tuple[ctypes.c_void_p, ctypes.c_void_p]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def launch(self, kernel: str, *arguments: Any, **options: Any) -> None:
        """Start a kernel, between two events if it decodes."""
        if kernel.startswith(("load_", "store_", "draw_")):
            self._device.launch(kernel, *arguments, **options)
            return
        first, last = ctypes.c_void_p(), ctypes.c_void_p()
        for event in (first, last):
            self._check(self._driver.cuEventCreate(ctypes.byref(event), 0))
        self._check(self._driver.cuEventRecord(first, None))
        self._device.launch(kernel, *arguments, **options)
        self._check(self._driver.cuEventRecord(last, None))
        self._pairs.append((first, last))

    def take(self) -> float:
        """Return the milliseconds that kernels took since the last call."""
        total = 0.0
        for first, last in self._pairs:
            took = ctypes.c_float()
            self._check(self._driver.cuEventSynchronize(last))
            self._check(self._driver.cuEventElapsedTime(ctypes.byref(took), first, last))
            total += took.value
            for event in (first, last):
                self._check(self._driver.cuEventDestroy_v2(event))
        self._pairs.clear()
        return total

    @staticmethod
    def _check(status: int) -> None:
        if status:
            raise UmtnError(f"The GPU failed at timing a kernel (error {status}).")


def megahertz() -> int:
    """Read the multiprocessors' clock as it is now; 0 where it cannot be read."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return 0
    device, value = ctypes.c_void_p(), ctypes.c_uint()
    multiprocessors = 1
    failed = (
        nvml.nvmlInit_v2()
        or nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device))
        or nvml.nvmlDeviceGetClockInfo(device, multiprocessors, ctypes.byref(value))
    )
    return 0 if failed else value.value


if __name__ == "__main__":
    sys.exit(main())
