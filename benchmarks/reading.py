"""How fast audio files are looked at and read, against pedalboard's reader: one table.

Usage: python benchmarks/reading.py [--minutes 10]

The recording is held notes in stereo at 44.1 kHz, in each format. `look` is the look of our own at
the bytes, before anything is decoded, and `read` all of it to the last sample, checksums included,
each divided by the time in which pedalboard decodes the same file; the faster of two runs each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pedalboard.io import AudioFile

from umtn_core.audio.read import opened_audio

RATE = 44_100
BLOCK = 1 << 18
FORMATS: dict[str, dict[str, Any]] = {
    "wav": {"bit_depth": 24},
    "aiff": {"bit_depth": 24},
    "flac": {"bit_depth": 24},
    "mp3": {"quality": "V2"},
    "ogg": {"quality": "192 kbps"},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=10)
    options = parser.parse_args()
    minute = notes(60.0)
    with tempfile.TemporaryDirectory() as folder:
        print("format  MB    look   read   (times pedalboard's)")
        for ending, form in FORMATS.items():
            path = Path(folder, f"notes.{ending}")
            with AudioFile(str(path), "w", RATE, 2, **form) as file:
                for _ in range(options.minutes):
                    file.write(minute)
            theirs = seconds(partial(by_pedalboard, path))
            look, read = seconds(partial(look_at, path)), seconds(partial(read_all, path))
            size = path.stat().st_size / 1e6
            print(f"{ending:6s} {size:5.0f} {look / theirs:6.2f} {read / theirs:6.2f}", flush=True)


def notes(length: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Make held notes, the right channel softer, as float32 (2, samples)."""
    time_s = np.arange(round(length * RATE)) / RATE
    pitch = 440 * 2 ** (np.array([0, 4, 7, 12, 5, 9, 2, 11]) / 12)
    phase = 2 * np.pi * np.cumsum(pitch[(time_s * 2).astype(int) % len(pitch)]) / RATE
    tone = sum(np.sin(k * phase) / k**1.5 for k in (1, 2, 3, 5)) * 0.2
    return np.stack([tone, 0.7 * tone]).astype(np.float32)


def by_pedalboard(path: Path) -> None:
    """Decode a whole file."""
    with AudioFile(str(path)) as file:
        while file.read(BLOCK).shape[1]:
            pass


def look_at(path: Path) -> None:
    """Open a file."""
    with opened_audio(path):
        pass


def read_all(path: Path) -> None:
    """Open a file and read it to its end."""
    with opened_audio(path) as audio:
        for _ in audio.blocks(0, audio.samples):
            pass


def seconds(work: Callable[[], None]) -> float:
    """Time the faster of two runs."""
    took = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


if __name__ == "__main__":
    main()
