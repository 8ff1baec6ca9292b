"""Sounds of a report, as FLAC, which every browser plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from umtn_core.audio.write import write_audio
from umtn_core.evaluation.listening.heard import Heard

_LEVEL = 0.08
_PEAK = 0.95


def write_sound(path: Path, heard: Heard, *, equally_loud: bool = False) -> None:
    """Write a mono sound.

    Parameters
    ----------
    path
        The path of the FLAC; its folder is made.
    heard
        The sound, which keeps its rate.
    equally_loud
        Whether all sounds are to have one root mean square, as far as their peaks let them.
    """
    audio = heard.full
    level, peak = float(np.sqrt(np.mean(audio**2))), float(np.abs(audio).max(initial=0.0))
    if equally_loud and level > 0:
        audio = audio * np.float32(min(_LEVEL / level, _PEAK / peak))
    elif peak > 1:
        audio = audio / np.float32(peak)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, audio[None], heard.rate)
