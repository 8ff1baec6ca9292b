"""Whether what is said of a recording before it is decoded is right, and what it costs.

Usage: python -m benchmarks.scope [--model default] [--offline] [--seconds 30]

Prints a table of clips of which it is known what they are (benchmarks/scope_clips.py), how many of
the remarks are right and how many are false alarms, and the time that listening takes as a share
of a render's. Needs FluidSynth and its soundfonts; with --offline, nothing is fetched.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

import numpy as np

from benchmarks.scope_clips import HIGH, IN, LOW, QUIET, SEVERAL, UNPITCHED, Clip
from umtn_core.bundle import Bundle
from umtn_core.bundle.scope import Scope
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import remark
from umtn_core.translator import Translator

#: What the remark on each kind of clip says.
WORDS = {
    LOW: ("lie below",),
    HIGH: ("lie above",),
    SEVERAL: ("several notes",),
    UNPITCHED: ("no clear pitch", "pitch wanders"),
    QUIET: ("very quiet",),
}


def main() -> None:
    """Judge, measure and print."""
    from benchmarks.scope_clips import fetched_clips, synthetic_clips

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    scope = Bundle.open(options.model).manifest.scope
    if scope is None:
        parser.error(f"the model {options.model} does not say what it was taught")
    clips = [*synthetic_clips(), *([] if options.offline else fetched_clips())]
    right, false = judged(clips, scope)
    print(f"{right} of {len(clips)} right, {false} false alarms")
    print(cost(options.model, options.seconds))


def judged(clips: Iterable[Clip], scope: Scope) -> tuple[int, int]:
    """Print a table, and count what is right and what is a false alarm."""
    right = false = 0
    for clip in clips:
        said = said_of(clip, scope)
        fits = is_right(clip, said)
        right += fits
        false += clip.kind == IN and bool(said)
        print(f"{'right' if fits else 'WRONG'}  {clip.kind:9s} {clip.name:32s} {said}")
    return right, false


def said_of(clip: Clip, scope: Scope) -> str:
    """Listen to a clip, and say what of it is not taught."""

    def read(first: int, count: int) -> np.ndarray:
        return clip.audio[..., first : first + count]

    return remark(listen(read, clip.audio.shape[-1], clip.sample_rate), scope)


def is_right(clip: Clip, said: str) -> bool:
    """Tell whether a remark names what a clip is; on what is in scope, whether there is none."""
    return not said if clip.kind == IN else any(words in said for words in WORDS[clip.kind])


def cost(model: str, seconds: float) -> str:
    """Compare the time to listen to music with the time to translate it, on this machine."""
    rate = 44_100
    time_s = np.arange(round(seconds * rate)) / rate
    music = np.stack([np.sin(2 * np.pi * 440 * time_s), np.cos(2 * np.pi * 554 * time_s)])
    music = (0.2 * music).astype(np.float32)
    listening = min(_timed(music, rate) for _ in range(5))
    translator = Translator(model, Bundle.open(model).domains[0])
    begins = time.perf_counter()
    translator(music[0], rate)
    rendering = time.perf_counter() - begins
    return (
        f"listening to {seconds:g} s of two players: {1000 * listening:.0f} ms, "
        f"{seconds / listening:.0f} s a second; translating one of them: {rendering:.1f} s, "
        f"so {listening / rendering:.1%} of that"
    )


def _timed(music: np.ndarray, rate: int) -> float:
    begins = time.perf_counter()
    listen(lambda first, count: music[:, first : first + count], music.shape[1], rate)
    return time.perf_counter() - begins


if __name__ == "__main__":
    main()
