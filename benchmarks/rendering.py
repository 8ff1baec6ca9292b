"""How long half a minute of music takes to render, against how long it lasts: one table.

Usage: python benchmarks/rendering.py [--shapes small,paper,released] [--engines cpu-int8]
                                      [--segments auto] [--seconds 30] [--contexts unknown,0.75]
                                      [--rounds 1] [--busy]

The whole way is timed, encoder and resampling included; opening the model and the timing that
`auto` does once on a machine are not. `context` is how many seconds of audio the decoders were
taught at a time, as the published ones were 0.75, and `warm-up` the share of decoded samples that
only warm segments up; a context that is no shorter than the receptive field is left out. Contexts
take turns in every round, of which the fastest counts, and `gain` is the speed against the first
context's. On a machine that does other things too, `--busy` counts the cores' time, as if all of
them were this benchmark's. Weights are random. Each render runs in a process of its own, whose
greatest memory is printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from decoding import random_bundle
from numpy.typing import NDArray

from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.runtime import available_cores
from umtn_core.segments.plan import warm_up
from umtn_core.shape import PRESETS, NetworkShape
from umtn_core.translation import Source
from umtn_core.translator import Translator

RATE = 44_100
UNKNOWN = "unknown"


class Render(NamedTuple):
    """How one render went."""

    segments: int
    warming_up: float
    encoding: float
    decoding: float
    memory: float

    @property
    def seconds(self) -> float:
        """How long it took in all."""
        return self.encoding + self.decoding


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="small,paper,released")
    parser.add_argument("--engines", default="cpu,cpu-bf16,cpu-int8")
    parser.add_argument("--segments", default="auto")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--contexts", default=f"{UNKNOWN},0.75", help="of training, in seconds")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--busy", action="store_true", help="count time on all cores")
    options = parser.parse_args()
    print(
        "shape     engine    context  segments  warm-up  encode s  decode s  real time   gain   MiB"
    )
    for shape in options.shapes.split(","):
        contexts = differing(options.contexts.split(","), PRESETS[shape])
        for engine in options.engines.split(","):
            work = (shape, engine, options.segments, options.seconds, options.busy)
            rounds = [
                [apart(*work, context) for context in contexts.values()]
                for _ in range(options.rounds)
            ]
            fastest = [
                min(renders, key=lambda each: each.seconds) for renders in zip(*rounds, strict=True)
            ]
            for context, best in zip(contexts, fastest, strict=True):
                print(
                    f"{shape:9s} {engine:9s} {context:>7s} {best.segments:9d} "
                    f"{best.warming_up:8.2f} {best.encoding:9.1f} {best.decoding:9.1f} "
                    f"{options.seconds / best.seconds:9.2f}x "
                    f"{fastest[0].seconds / best.seconds:5.2f}x {best.memory:5.0f}",
                    flush=True,
                )


def differing(contexts: list[str], shape: NetworkShape) -> dict[str, int | None]:
    """Samples of contexts given in seconds, those left out that warm up as one before them does."""
    found: dict[str, int | None] = {}
    for text in contexts:
        samples = None if text == UNKNOWN else round(float(text) * shape.output_rate)
        if warm_up(shape, samples) not in [warm_up(shape, each) for each in found.values()]:
            found[text] = samples
    return found


def apart(
    shape: str, engine: str, segments: str, seconds: float, busy: bool, context: int | None
) -> Render:
    """Render once, in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(render, shape, engine, segments, seconds, busy, context).result()


def render(
    shape: str, engine: str, segments: str, seconds: float, busy: bool, context: int | None
) -> Render:
    """Render once, and say how it went."""
    chosen: int | Literal["auto"] = "auto" if segments == "auto" else int(segments)
    music = tune(seconds)
    clock = on_all_cores if busy else time.perf_counter
    bundle = allowed(random_bundle(PRESETS[shape]), context)
    translator = Translator(bundle, engine=engine, segments=chosen)
    if chosen == "auto":
        translator.begin([Source(music, RATE)])  # the timing is remembered
    began = clock()
    translation = translator.begin([Source(music, RATE)])
    encoded = clock()
    translation.advance()
    translation.finish()
    ended = clock()
    ((_, parts),) = translation.parts()
    decoded = sum(part.end - part.begin for part in parts)
    share = 1 - seconds * PRESETS[shape].output_rate / decoded
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Render(len(parts), share, encoded - began, ended - encoded, memory)


def on_all_cores() -> float:
    """Seconds that this process has had of the cores, divided between all of them."""
    return time.process_time() / available_cores()


def allowed(bundle: Bundle, context: int | None) -> Bundle:
    """Let every precision be used, as with trained weights: what random ones lose means nothing."""
    losses = {"bf16": {"any": PrecisionLoss(0, 0)}, "int8": {"any": PrecisionLoss(0, 0)}}
    precisions = Precisions("none", 1, losses)
    manifest = msgspec.structs.replace(bundle.manifest, precisions=precisions, context=context)
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
