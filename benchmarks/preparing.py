"""How fast recordings become a store, against decoding the files alone: one table.

Usage: python benchmarks/preparing.py [--minutes 20] [--workers 1,2]

The recordings are noise of a minute each, stereo at 44.1 kHz, as folders and as a packed archive,
laid out as MusicNet is. `against decoding` is the time of the bare read of the same files by one
process, divided by that of the whole work.
"""

from __future__ import annotations

import argparse
import csv
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from pedalboard.io import AudioFile

from umtn_core.audio.read import read_audio
from umtn_core.data.musicnet import DOMAINS, METADATA, prepare_musicnet

RATE = 44_100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--workers", default="1,2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = write_set(root / "musicnet", options.minutes)
        archive = root / "musicnet.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
            packed.add(folder, folder.name)
        files = sorted(folder.rglob("*.wav"))
        alone = seconds(lambda: [read_audio(file) for file in files])
        print("source   workers  minutes/s  against decoding")
        print(f"{'files':8s} {'-':>7s} {options.minutes / alone:10.1f} {1:16.2f}")
        for source in (folder, archive):
            for workers in map(int, options.workers.split(",")):
                store = root / f"store-{source.name}-{workers}"
                took = seconds(partial(prepare_musicnet, source, store, workers=workers))
                print(
                    f"{'folder' if source is folder else 'archive':8s} {workers:7d} "
                    f"{options.minutes / took:10.1f} {alone / took:16.2f}",
                    flush=True,
                )


def write_set(folder: Path, minutes: int) -> Path:
    """Write recordings of a minute, dealt out to the domains, and their table."""
    rng, kinds, rows = np.random.default_rng(0), list(DOMAINS.values()), []
    for number in range(max(minutes, len(kinds))):
        composer, ensemble = kinds[number % len(kinds)]
        path = folder / "train_data" / f"{1000 + number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        audio = (0.1 * rng.standard_normal((2, 60 * RATE))).astype(np.float32)
        with AudioFile(str(path), "w", RATE, 2, bit_depth=16) as file:
            file.write(audio)
        rows.append([path.stem, composer, "Suite", "Air", ensemble, "none", 60])
    columns = ["id", "composer", "composition", "movement", "ensemble", "source", "seconds"]
    with (folder.parent / METADATA).open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return folder


def seconds(work: Callable[[], object]) -> float:
    """Time one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
