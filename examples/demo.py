"""The demo: a real recording, translated by the shipped model, and a picture of both.

Run by ``make demo``; leaves its results in ``demo/``. Give it a file of yours to hear that:
``.venv/bin/python examples/demo.py song.wav --to trumpet``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tune import PROGRAMS, play_tune

from bridge.cli.progress import meter
from umtn_core import Bundle, Progress, Translator, UmtnError, read_audio, write_audio
from umtn_core.audio import check_output
from umtn_core.evaluation.material.real_recordings import FILES, LICENCE, recording_file

Audio = NDArray[np.float32]

#: Instruments that there are recordings of, those whose recording is the clearest first.
CLEAREST = ("violin", "clarinet", "trumpet", *FILES)


def main() -> None:
    """Translate, write, and say what was done."""
    parser = argparse.ArgumentParser(description="Translate a recording with the shipped model.")
    parser.add_argument("recording", nargs="?", type=Path, help="default: one is fetched")
    parser.add_argument("--to", metavar="INSTRUMENT", help="default: one the recording is not of")
    parser.add_argument("--model", default="default")
    parser.add_argument("--output", type=Path, default=Path("demo"), metavar="FOLDER")
    wanted = parser.parse_args()
    try:
        demonstrate(wanted.recording, wanted.to, wanted.model, wanted.output)
    except UmtnError as error:
        sys.exit(f"demo: {error}")


def demonstrate(recording: Path | None, target: str | None, model: str, output: Path) -> None:
    """Make ``source.wav``, ``translation.wav`` and ``spectrograms.png`` in a folder."""
    bundle = Bundle.open(model)
    for name in ("source.wav", "translation.wav"):
        check_output(output / name, overwrite=True, make_folders=True)
    output.mkdir(parents=True, exist_ok=True)
    played_on = "recording"
    if recording is None:
        played_on = next((name for name in CLEAREST if name in bundle.domains), CLEAREST[0])
        recording = _music(played_on, output)
    target = target or next(name for name in bundle.domains if name != played_on)

    audio, sample_rate = read_audio(recording)
    translate = Translator(bundle, target)
    began = time.monotonic()
    with meter() as show:

        def progress(now: Progress) -> None:
            show.update(f"{played_on} to {target}", now.fraction, 1.0)

        translation = translate(audio, sample_rate, progress=progress)
    took = time.monotonic() - began

    write_audio(output / "source.wav", audio, sample_rate, overwrite=True)
    write_audio(output / "translation.wav", translation, sample_rate, overwrite=True)
    draw(
        {f"source: {played_on}": audio, f"translation: {target}": translation},
        sample_rate,
        min(bundle.shape.output_rate, sample_rate) / 2,
        output / "spectrograms.png",
    )
    seconds = audio.shape[1] / sample_rate
    print(
        f"{seconds:.1f} s of {played_on} translated to {target} in {took:.1f} s, by {bundle.name}"
    )
    for name in ("source.wav", "translation.wav", "spectrograms.png"):
        print(f"  {output / name}")


def _music(instrument: str, folder: Path) -> Path:
    """Find something real to translate: a recording, or else a tune on a soundfont."""
    try:
        recording = recording_file(instrument)
    except UmtnError as error:
        print(f"{error} Meanwhile a soundfont plays the Ode to Joy.")
        return play_tune(instrument if instrument in PROGRAMS else next(iter(PROGRAMS)), folder)
    print(f"a recording of a {instrument}: {LICENCE}")
    return recording


def draw(sounds: dict[str, Audio], sample_rate: int, highest: float, path: Path) -> None:
    """Draw spectrograms one above the other, up to a frequency in hertz."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(
        len(sounds), 1, figsize=(12, 4 * len(sounds)), sharex=True, layout="constrained"
    )
    for row, (title, audio) in zip(np.atleast_1d(rows), sounds.items(), strict=True):
        mono = audio.mean(axis=0)
        window = 2 ** round(np.log2(0.06 * sample_rate))
        # A floor far below hearing: the logarithm of digital silence is not a picture.
        spectrum, _, _, image = row.specgram(
            mono + 1e-7 * np.random.default_rng(0).standard_normal(len(mono)),
            NFFT=window,
            Fs=sample_rate,
            noverlap=window * 3 // 4,
        )
        loudest = 10 * np.log10(spectrum.max())
        image.set_clim(loudest - 80, loudest)
        row.set(title=title, ylabel="frequency (Hz)", ylim=(0, highest))
        figure.colorbar(image, ax=row, label="dB")
    row.set_xlabel("time (s)")
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
