"""Whether joins of segments can be heard, on recordings of real players and a long line of notes.

Usage: python benchmarks/joins.py [--model default] [--segments 4,8,16] [--seeds 3]
                                  [--contexts own] [--picture FILE]

Prints spectral flux and level change at joins against elsewhere in the same render, and against
one unbroken stream; see umtn_core/evaluation/measures/joins.py. `--contexts own,unknown` compares
segments that warm up over what the model says its decoders were taught at a time with some that
warm up over the whole receptive field; another context is a number of seconds. One that warms up
as one before it does is left out. The recordings of real players are fetched the first time. With
--picture, a spectrogram of the last render, its joins marked, is drawn too (needs matplotlib).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.evaluation.measures.joins import join_figures
from umtn_core.recording import Audio
from umtn_core.segments.join import joined
from umtn_core.segments.plan import Segment, warm_up
from umtn_core.translation import Source, Translation
from umtn_core.translator import Translator

Figures: TypeAlias = dict[str, Any]
#: What was decoded of each segment of a signal.
Decoded: TypeAlias = tuple[list[Audio], tuple[Segment, ...]]

RATE = 16_000
PLAYERS = ("clarinet", "trumpet", "flute", "violin")
SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 72, 71, 69, 67, 65, 64, 62)


def main() -> None:
    """Render, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--segments", default="4,8,16")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--contexts", default="own", help="own, unknown or seconds")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    bundles = taught(Bundle.open(options.model), options.contexts.split(","))
    music = {"30 s of notes": notes(30.0)}
    for player in PLAYERS:
        recording = real_recording(player)
        music[player] = resample(recording.samples, recording.sample_rate, RATE)
    print(" " * 47 + "flux: dB, rank, above 95 %         level: dB, rank, above 95 %")
    columns = "joins (else) whole  rank whole  >95 whole "
    print(f"music          to        context segments count {columns} {columns}")
    totals: dict[tuple[str, int], list[Figures]] = {}
    for name, audio in music.items():
        for target in next(iter(bundles.values())).domains:
            for context, bundle in bundles.items():
                rate = bundle.shape.output_rate
                for count in map(int, options.segments.split(",")):
                    render, places, unbroken = rendered(bundle, target, audio, count, options.seeds)
                    if not places:
                        continue
                    figures = join_figures(render, places, unbroken, rate)
                    totals.setdefault((context, count), []).append(figures)
                    print(
                        f"{name:14s} {target:9s} {context:>7s} {count:8d} {line(figures)}",
                        flush=True,
                    )
                    last = (render, places, rate)
    for (context, count), each in totals.items():
        print(f"{'all':24s} {context:>7s} {count:8d} {line(mean(each))}")
    if options.picture:
        draw(*last, options.picture)


def taught(bundle: Bundle, contexts: Iterable[str]) -> dict[str, Bundle]:
    """A model as if its decoders had been taught so much at a time, by the name of that."""
    shape, found = bundle.shape, dict[str, Bundle]()
    for text in contexts:
        context = bundle.manifest.context if text == "own" else None
        if text not in ("own", "unknown"):
            context = round(float(text) * shape.output_rate)
        others = [warm_up(shape, each.manifest.context) for each in found.values()]
        if warm_up(shape, context) not in others:
            manifest = msgspec.structs.replace(bundle.manifest, context=context)
            graphs = {name: bundle.contents(name) for name in manifest.files}
            found[text] = Bundle.in_memory(manifest, graphs)
    return found


def rendered(
    bundle: Bundle, target: str, audio: NDArray[np.float32], segments: int, seeds: int
) -> tuple[NDArray[np.float32], list[int], NDArray[np.float32]]:
    """Render with several seeds, one after another: joined, places of the joins, unbroken."""
    found: list[NDArray[np.float32]] = []
    places: list[int] = []
    sources = [Source(audio, RATE, seed) for seed in range(seeds)]
    cut = _decoded(Translator(bundle, target, segments=segments), sources)
    whole = _decoded(Translator(bundle, target, segments=1), sources)
    for parts, plan in cut:
        render, joins = joined(parts, plan, bundle.shape.output_rate)
        places += [sum(map(len, found)) + join.place for join in joins]
        found.append(render)
    return np.concatenate(found), places, np.concatenate([parts[0] for parts, _ in whole])


def _decoded(translator: Translator, sources: list[Source]) -> list[Decoded]:
    translation: Translation = translator.begin(sources)
    translation.advance()
    return translation.parts()


def notes(seconds: float) -> NDArray[np.float32]:
    """Long and short notes up and down a scale, legato, with a breath now and then."""
    rng = np.random.default_rng(0)
    line: list[NDArray[np.float64]] = []
    phase = 0.0
    while sum(map(len, line)) < seconds * RATE:
        pitch = SCALE[len(line) % len(SCALE)]
        time = np.arange(round(rng.choice([0.25, 0.5, 1.0]) * RATE)) / RATE
        angle = phase + 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time
        phase = angle[-1]
        wave = sum(np.sin(h * angle) / h * (1 if h % 2 else 0.3) for h in range(1, 9))
        swell = 0.6 + 0.4 * np.sin(np.pi * time / time[-1])
        if rng.random() < 0.2:
            swell *= np.minimum(1, (time[-1] - time) / 0.08)
        line.append(0.2 * wave * swell)
    return np.concatenate(line)[: round(seconds * RATE)].astype(np.float32)


def mean(figures: list[Figures]) -> Figures:
    """Average figures, each join counting alike."""
    weights = [each["joins"] for each in figures]
    return {"joins": sum(weights)} | {
        name: {
            key: float(np.average([each[name][key] for each in figures], weights=weights))
            for key in figures[0][name]
        }
        for name in ("flux", "level")
    }


def line(figures: Figures) -> str:
    """One row of the table."""
    columns = [f"{figures['joins']:5d} "]
    for each in (figures["flux"], figures["level"]):
        columns.append(
            f"{each['at_joins']:5.1f} {each['elsewhere']:6.1f} {each['unbroken_at_joins']:5.1f} "
            f"{each['percentile']:5.0f} {each['unbroken_percentile']:5.0f} "
            f"{each['above_95']:4.2f} {each['unbroken_above_95']:5.2f} "
        )
    return " ".join(columns)


def draw(audio: NDArray[np.float32], places: list[int], rate: int, file: Path) -> None:
    """Draw the spectrogram of the first 12 seconds, ticks at the joins."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = audio[: 12 * rate]
    figure, axes = plt.subplots(figsize=(18, 6))
    axes.specgram(shown, NFFT=512, noverlap=448, Fs=rate, vmin=-120)
    for place in places:
        if place < len(shown):
            axes.annotate(
                "", (place / rate, 7_300), (place / rate, 8_000), arrowprops={"color": "r"}
            )
    figure.tight_layout()
    figure.savefig(file, dpi=90)


if __name__ == "__main__":
    main()
