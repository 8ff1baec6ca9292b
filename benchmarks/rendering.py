"""How long half a minute of music takes to render, against how long it lasts: one table.

Usage: python benchmarks/rendering.py [--shapes small,paper,released] [--engines cpu-int8]
                                      [--segments auto] [--seconds 30]

The whole way is timed, encoder and resampling included; opening the model and the timing that
`auto` does once on a machine are not. `warm-up` is the share of decoded samples that only fill
segments' receptive fields. Weights are random. Each line runs in a process of its own, whose
greatest memory it prints.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Literal

import msgspec
import numpy as np
from decoding import random_bundle
from numpy.typing import NDArray

from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.shape import PRESETS
from umtn_core.translation import Source
from umtn_core.translator import Translator

RATE = 44_100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,paper,released")
    parser.add_argument("--engines", default="cpu,cpu-bf16,cpu-int8")
    parser.add_argument("--segments", default="auto")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    print("shape     engine    segments  warm-up  encode s  decode s  real time   MiB")
    context = multiprocessing.get_context("spawn")
    for shape in options.shapes.split(","):
        for engine in options.engines.split(","):
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                work = (shape, engine, options.segments, options.seconds)
                print(pool.submit(line, *work).result(), flush=True)


def line(shape: str, engine: str, segments: str, seconds: float) -> str:
    """Render once, and say how it went."""
    chosen: int | Literal["auto"] = "auto" if segments == "auto" else int(segments)
    music = tune(seconds)
    bundle = allowed(random_bundle(PRESETS[shape]))
    translator = Translator(bundle, engine=engine, segments=chosen)
    if chosen == "auto":
        translator.begin([Source(music, RATE)])  # the timing is remembered
    began = time.perf_counter()
    translation = translator.begin([Source(music, RATE)])
    encoded = time.perf_counter()
    translation.advance()
    translation.finish()
    ended = time.perf_counter()
    ((_, parts),) = translation.parts()
    decoded = sum(part.end - part.begin for part in parts)
    share = 1 - seconds * PRESETS[shape].output_rate / decoded
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{shape:9s} {engine:9s} {len(parts):8d} {share:8.2f} {encoded - began:9.1f} "
        f"{ended - encoded:9.1f} {seconds / (ended - began):9.2f}x {memory:5.0f}"
    )


def allowed(bundle: Bundle) -> Bundle:
    """Let every precision be used, as with trained weights: what random ones lose means nothing."""
    losses = {"bf16": {"any": PrecisionLoss(0, 0)}, "int8": {"any": PrecisionLoss(0, 0)}}
    precisions = Precisions("none", 1, losses)
    manifest = msgspec.structs.replace(bundle.manifest, precisions=precisions)
    graphs = {name: bundle.contents(name) for name in manifest.files}
    return Bundle.in_memory(manifest, graphs)


def tune(seconds: float) -> NDArray[np.float32]:
    """Make notes of three a second, each with some harmonics: float32, (1, samples)."""
    rng, time_ = np.random.default_rng(0), np.arange(round(seconds * RATE)) / RATE
    notes = 220 * 2 ** (rng.integers(0, 24, round(3 * seconds) + 1) / 12)
    phase = 2 * np.pi * np.cumsum(notes[(3 * time_).astype(int)]) / RATE
    waves = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 6))
    return (0.2 * waves * np.exp(-2 * ((3 * time_) % 1)))[None].astype(np.float32)


if __name__ == "__main__":
    main()
