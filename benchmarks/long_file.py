"""What a long file takes to render: memory, and time against that of its decode alone.

Usage: python benchmarks/long_file.py [--minutes 60] [--target violin] [--engine auto]
                                      [--channels auto] [--dynamics 1] [--folder FOLDER]

The demo's tune, one player on two channels at 48 kHz, is repeated with its level changed from
time to time, written to a WAV file, and rendered by a process of its own, as `umtn translate` does.
Its greatest memory is printed, how long each part of the way took, and the whole against the decode
alone. The files lie in the folder, which needs as much room as four of them (an hour: 5.5 GB).
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from pedalboard.io import AudioFile

from umtn_core.audio.channels import ChannelMode
from umtn_core.audio.read import read_audio, take_audio
from umtn_core.audio.resample import resample
from umtn_core.audio.write import write_blocks
from umtn_core.translation import Source
from umtn_core.translator import Translator

RATE = 48_000

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
from tune import play_tune  # noqa: E402 - it lies beside the demo


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--target", default="violin")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--channels", default="auto")
    parser.add_argument("--dynamics", type=float, default=1.0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source = Path(folder) / "long.wav"
        write_music(source, options.minutes)
        # Forked processes would begin with the memory of this one.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            seconds, peak = pool.submit(
                render, source, options.target, options.engine, options.channels, options.dynamics
            ).result()
    whole = sum(seconds.values())
    for part, took in seconds.items():
        print(f"{part:<10} {took:8.1f} s  {took / whole:6.1%}")
    print(f"{options.minutes:g} minutes: {options.minutes * 60 / whole:.1f} times real time")
    print(f"the whole against its decode alone: {whole / seconds['decoding']:.3f}")
    print(f"greatest memory: {peak:.0f} MB")


def write_music(path: Path, minutes: float) -> None:
    """Write music of a length to a file."""
    melody, rate = read_audio(play_tune("clarinet", path.parent))
    mono = resample(melody.mean(axis=0, dtype=np.float32), rate, RATE)
    left = round(minutes * 60 * RATE)
    with AudioFile(str(path), "w", RATE, 2, bit_depth=24) as file:
        for turn in range(left // len(mono) + 1):
            level = np.float32(10 ** (-(turn % 4) * 6 / 20))
            both = np.stack([mono, 0.7 * np.roll(mono, 20)]) * level
            file.write(both[:, :left].astype(np.float32))
            left -= min(left, len(mono))


def render(
    source: Path, target: str, engine: str, channels: ChannelMode, dynamics: float
) -> tuple[dict[str, float], float]:
    """Render a file, and say how long each part took, and what memory: in MB."""
    translator = Translator("default", target, engine=engine, channels=channels, dynamics=dynamics)
    translator(np.zeros((1, 1600), np.float32), 16_000)  # engines are timed once on a machine
    seconds: dict[str, float] = {}
    began = time.perf_counter()

    def took(part: str) -> None:
        nonlocal began
        now = time.perf_counter()
        seconds[part], began = now - began, now

    sound = take_audio(source, folder=source.parent)
    took("reading")
    translation = translator.begin([Source(sound, sound.sample_rate)], scratch=source.parent)
    took("hearing")
    translation.advance()
    took("decoding")
    (blocks,) = translation.results()
    write_blocks(source.with_name("made.wav"), blocks, sound.channels, sound.sample_rate)
    took("finishing")
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
