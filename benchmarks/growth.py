"""What a ten times longer region costs when it is decoded as one stream: time and memory.

Usage: python benchmarks/growth.py [--shapes small,paper] [--engine cpu] [--seconds 2] [--runs 3]

Each translation runs in a process of its own, from audio at the rate that is
heard back to it, and says how long it took and the most memory it held; short and long ones take
turns, and the best of each counts.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
from decoding import random_bundle

from umtn_core import Translator
from umtn_core.shape import PRESETS

TIMES = 10


def main() -> None:
    """Measure and print, or be one of the measured processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,paper")
    parser.add_argument("--engine", default="cpu")
    parser.add_argument("--seconds", type=float, default=2.0, help="of audio, the short region")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(*one(options.shapes, options.engine, options.seconds))
        return
    print(f"shape     short s  {TIMES}x longer s  time ratio  short MiB  {TIMES}x longer MiB")
    for shape in options.shapes.split(","):
        found = [
            [
                child(shape, options.engine, seconds)
                for seconds in (options.seconds, TIMES * options.seconds)
            ]
            for _ in range(options.runs)
        ]
        (short, little), (long, much) = np.min(found, axis=0)
        print(
            f"{shape:9s} {short:7.2f} {long:13.2f} {long / short:11.2f} "
            f"{little:10.0f} {much:15.0f}",
            flush=True,
        )


def child(shape: str, engine: str, seconds: float) -> tuple[float, float]:
    """Seconds and MiB of one translation in a new process."""
    command = [
        sys.executable, __file__, "--one", "--shapes", shape, "--engine", engine,
        "--seconds", str(seconds),
    ]  # fmt: skip
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    took, held = map(float, printed.split())
    return took, held


def one(shape: str, engine: str, seconds: float) -> tuple[float, float]:
    """Translate noise once."""
    translator = Translator(random_bundle(PRESETS[shape]), engine=engine, segments=1)
    rate = PRESETS[shape].sample_rate
    audio = np.random.default_rng(0).normal(0, 0.1, (1, round(seconds * rate))).astype(np.float32)
    # What is made at first use is not the region's cost.
    translator(audio[:, : PRESETS[shape].hop], rate)
    start = time.perf_counter()
    translator(audio, rate)
    took = time.perf_counter() - start
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
