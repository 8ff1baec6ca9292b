"""Versions of a performance by other instruments, each in a room of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.fluidsynth import loaded
from umtn_core.data.synth.made_up import make_up, play
from umtn_core.data.synth.performance import Performance
from umtn_core.data.synth.recipe import Instruments, OthersSettings
from umtn_core.data.synth.render import RENDER_RATE, RenderError

#: Quieter than this at its loudest, a render has no notes in it.
SILENCE = 1e-4
#: Share of what may be struck that is played by instruments that are.
_STRUCK = 0.4
#: Another instrument is drawn so many times if one cannot play the notes.
_TRIES = 4
#: What any of them can do; those that swell also hold a note, and need no pedal for it.
_SUSTAINED, _STRUCK_ABILITIES = ("bend", "swell"), ("bend", "pedal")


def version(
    performance: Performance,
    target: tuple[str, int],
    samples: int,
    settings: OthersSettings,
    fonts: Mapping[str, Path],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Have a performance played by another instrument.

    Parameters
    ----------
    performance
        The performance, as the target plays it.
    target
        Font and program that play the target, which do not play this. Nor does any that has no
        sound for some pitch.
    samples
        Length wanted, at the others' rate.
    settings
        Instruments and acoustics.
    fonts
        File of each soundfont.
    rng
        Source of everything random.

    Returns
    -------
    float32, shape (samples,), within [-1, 1]

    Raises
    ------
    RenderError
        If none of some instruments could play it.
    """
    rate = settings.sample_rate
    for _ in range(_TRIES):
        swells = performance.curves is not None and bool(np.ptp(performance.curves.gain) > 1e-3)
        sustained = bool(swells or rng.random() >= _STRUCK)
        played = performance.as_played_by(_SUSTAINED if sustained else _STRUCK_ABILITIES)
        choices = _choices(settings.sustained if sustained else settings.struck, target)
        choices = [
            (font, program)
            for font, program in choices
            if performance.pitches <= loaded(fonts[font]).keys(program)
        ]
        if not choices or rng.random() < settings.made_up:
            dry = play(played, make_up(rng, sustained=sustained), rate, rng)
        else:
            font, program = choices[int(rng.integers(len(choices)))]
            dry = resampled(loaded(fonts[font]).render(played, program), rate)
        if float(np.max(np.abs(dry), initial=0.0)) < SILENCE:
            continue
        return place(_as_long(dry, samples), rate, settings.acoustics, rng)
    raise RenderError("No other instrument could play this piece.")


def resampled(audio: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Bring what FluidSynth made to another rate."""
    import soxr

    result: NDArray[np.float32] = soxr.resample(audio, RENDER_RATE, rate, quality="HQ")
    return result


def _choices(instruments: list[Instruments], target: tuple[str, int]) -> list[tuple[str, int]]:
    found = [(item.font, program) for item in instruments for program in item.programs]
    return [item for item in found if item != target]


def _as_long(audio: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Cut audio, or let silence follow it."""
    return np.pad(audio[:samples], (0, max(0, samples - len(audio))))
