"""What becomes of loudness: swells, soft phrases, a click, rests, steady tones, real players.

Usage: python benchmarks/dynamics.py [--model default] [--dynamics 1.0] [--engine cpu-int8]

Prints a line for each target and figure. Sources are a reed that is made here and, where FluidR3 is
installed, instruments that it plays; recordings of real players are fetched the first time. With
`--dynamics 0` it prints what one gain for the whole recording comes to.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.data.synth.performance import PlayedNote
from umtn_core.data.synth.render import render_notes
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.pitch_tracking import track
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.evaluation.measures.rests import rest_after, rest_level
from umtn_core.evaluation.measures.swell import (
    frame_levels,
    loudness_correlation,
    swell_slope,
)
from umtn_core.translator import Translator

Audio = NDArray[np.float32]

RATE = 44_100
NOTES = (523.25, 659.26, 587.33, 783.99)
NOTE_SECONDS = 0.4
#: General MIDI programs that swell.
PROGRAMS = {"flute": 73, "violin": 40, "oboe": 68, "trumpet": 56}
PLAYERS = ("clarinet", "flute", "trumpet", "violin")
SWELL_DB = 30.0
SOFTER = (6, 10, 15, 20, 24, 30)
#: Where the click is, in seconds, and how far from it nothing may change.
CLICK, AWAY = 1.25, 0.1
CENTS = 50


def main() -> None:
    """Make recordings, translate them to every target, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--dynamics", type=float, default=1.0)
    parser.add_argument("--engine", default="cpu-int8")
    options = parser.parse_args()
    bundle = Bundle.open(options.model)
    sources = recordings()
    for target in bundle.domains:
        translator = Translator(
            bundle, target, engine=options.engine, segments=1, dynamics=options.dynamics
        )
        made = translator.translate_many([(audio, RATE) for audio in sources.values()])
        print(f"{target}:")
        for line in report(sources, dict(zip(sources, made, strict=True))):
            print(f"  {line}", flush=True)


def recordings() -> dict[str, Audio]:
    """Everything that is translated, by name."""
    quiet = phrase(2) * gain(-50)
    clicked = quiet.copy()
    clicked[round(CLICK * RATE) :][: round(0.0005 * RATE)] = 1
    rest = np.zeros(round(0.3 * RATE), np.float32)
    steady = reed(NOTES[0], 4.0)
    time = np.arange(len(steady)) / RATE
    trembling = (steady * (1 + 0.4 * np.sin(2 * np.pi * 5.5 * time))).astype(np.float32)
    return {
        **{f"swell of {name}": swelling(line) for name, line in lines().items()},
        **{f"{n} dB softer": np.concatenate([phrase(), phrase() * gain(-n)]) for n in SOFTER},
        "quiet": quiet,
        "clicked": clicked,
        "rests": np.concatenate([each for f in NOTES for each in (reed(f), rest)]),
        "steady": steady,
        "trembling": trembling,
        **players(),
    }


def report(sources: dict[str, Audio], made: dict[str, Audio]) -> list[str]:
    """Say in lines what became of each kind of recording."""

    def each(begins: str, how: Callable[[Audio, Audio], str]) -> str:
        names = [name for name in sources if name.startswith(begins)]
        return ", ".join(f"{n.removeprefix(begins)} {how(made[n], sources[n])}" for n in names)

    def followed(a: Audio, b: Audio) -> str:
        return f"{swell_slope(a, b, RATE):.2f}/{loudness_correlation(a, b, RATE):.3f}"

    softer = ", ".join(_softer(made[f"{n} dB softer"], n) for n in SOFTER)
    quiet, clicked = made["quiet"], made["clicked"]
    apart = _notes_apart(clicked, quiet)
    steady = frame_levels(made["steady"], RATE, 0.1)[5:-5]
    depths = [np.std(frame_levels(of["trembling"], RATE)[5:-5]) for of in (made, sources)]
    rested = (rest_level(made["rests"], sources["rests"], RATE),
              rest_after(made["rests"], sources["rests"], RATE))  # fmt: skip
    return [
        f"swell, slope/correlation: {each('swell of ', followed)}",
        f"softer phrase, dB (notes in tune of 4, loud and soft): {softer}",
        f"click: {in_tune(quiet, NOTES * 2)} of 8 notes without it, {in_tune(clicked, NOTES * 2)} "
        f"with it; a note away from it {np.abs(apart).max():.2f} dB apart at most, "
        f"{np.abs(apart).mean():.2f} on average",
        f"rests: {rested[0]:.0f} dBFS, silent after {rested[1]:.0f} ms",
        f"steady tone: {np.std(steady):.2f} dB standard deviation of 100 ms, "
        f"{np.ptp(steady):.2f} from the softest to the loudest",
        f"tremolo: {depths[0]:.1f} of {depths[1]:.1f} dB",
        f"real players, slope/correlation: {each('real ', followed)}",
    ]


def gain(decibels: float) -> np.float32:
    """Give the factor of a number of decibels."""
    return np.float32(10 ** (decibels / 20))


def reed(hertz: float, seconds: float = NOTE_SECONDS) -> Audio:
    """One held note."""
    time = np.arange(round(seconds * RATE)) / RATE
    fade = np.clip(np.minimum(time, seconds - time) / 0.02, 0, 1)
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k**1.5 for k in (1, 2, 3, 5))
    return (0.2 * fade * wave).astype(np.float32)


def phrase(times: int = 1) -> Audio:
    """Four notes, legato, so many times."""
    return np.concatenate([reed(hertz) for hertz in NOTES * times])


def lines() -> dict[str, Audio]:
    """A line of eight notes, played by each instrument that there is."""
    found = {"reed": phrase(3)}
    try:
        font = find_soundfont("FluidR3_GM").path
    except UmtnError:
        return found
    for name, program in PROGRAMS.items():
        pitches = (72, 74, 76, 79, 77, 76, 74, 72)
        notes = [PlayedNote(0.6 * i, 0.6 * (i + 1), p, 90) for i, p in enumerate(pitches)]
        audio = render_notes(notes, program, font, 4.8, RATE)
        found[name] = (0.5 * audio / np.abs(audio).max()).astype(np.float32)
    return found


def swelling(audio: Audio) -> Audio:
    """Let it grow by `SWELL_DB` until its middle, and fall again."""
    decibels = -SWELL_DB * np.abs(np.linspace(-1, 1, len(audio)))
    return (audio * 10 ** (decibels / 20)).astype(np.float32)


def players() -> dict[str, Audio]:
    """The first seconds of recordings of real players, as far as they can be had."""
    found = {}
    for name in PLAYERS:
        try:
            recording = real_recording(name)
        except UmtnError:
            continue
        if recording.sample_rate == RATE:
            found[f"real {name}"] = recording.samples[: 6 * RATE]
    return found


def in_tune(audio: Audio, notes: Sequence[float]) -> int:
    """Count notes of `NOTE_SECONDS` most of whose middle is at the right pitch."""
    # What is far below full scale has no pitch for the tracker.
    hertz = track(audio * (0.1 / max(1e-9, float(np.std(audio)))), RATE).hertz
    good = 0
    for i, note in enumerate(notes):
        begin, end = (round(100 * NOTE_SECONDS * (i + part)) for part in (0.3, 0.9))
        middle = np.maximum(hertz[begin:end], 1.0)
        good += np.mean(np.abs(1200 * np.log2(middle / note)) < CENTS) > 0.5
    return int(good)


def _softer(made: Audio, wanted: float) -> str:
    loud, soft = np.split(made, 2)
    softer = level(loud) - level(soft)
    return f"{wanted}: {softer:.1f} ({in_tune(loud, NOTES)}, {in_tune(soft, NOTES)})"


def _notes_apart(a: Audio, b: Audio) -> NDArray[np.float64]:
    """How far two recordings are apart in each note that the click is not near, in dB."""
    found = []
    for i in range(2 * len(NOTES)):
        begin, end = NOTE_SECONDS * i, NOTE_SECONDS * (i + 1)
        if end < CLICK - AWAY or begin > CLICK + AWAY:
            part = slice(round((begin + 0.05) * RATE), round((end - 0.05) * RATE))
            found.append(level(a[part]) - level(b[part]))
    return np.array(found)


def level(audio: Audio) -> float:
    """Root mean square in dB of full scale."""
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-12))


if __name__ == "__main__":
    main()
