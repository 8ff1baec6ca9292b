"""Spectrograms and loudness, one under the other on the same axes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.measures.swell import FRAME_SECONDS, frame_levels

_WINDOW, _HOP = 1024, 160
_RANGE_DB = 70.0
#: The quietest that is drawn of how loud they are.
_QUIETEST_DB = -90.0
#: At 16 kHz; of more samples a second, more is shown.
_HIGHEST_HERTZ = 6000.0


def draw_spectrograms(sounds: Mapping[str, Heard], path: Path) -> None:
    """Write a PNG with the spectrogram of each sound, its name beside it, and how loud all are.

    Levels of the spectrograms are in decibels below each recording's own loudest point, 70 dB deep;
    frequency is linear, so that partials lie evenly spaced.

    Parameters
    ----------
    sounds
        The sounds and their names, in order from the top.
    path
        The path of the PNG.

    Raises
    ------
    UmtnError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UmtnError(
            "Spectrograms need matplotlib: run `pip install 'umtn[evaluate]'`."
        ) from None
    picture = Figure(figsize=(10, 1.75 * (len(sounds) + 1)), dpi=90, layout="constrained")
    *axes, below = picture.subplots(len(sounds) + 1, sharex=True, squeeze=False)[:, 0]
    longest = max(heard.seconds for heard in sounds.values())
    for axis, (name, heard) in zip(axes, sounds.items(), strict=True):
        window, hop = (round(each * heard.rate / RATE) for each in (_WINDOW, _HOP))
        padded = np.pad(np.asarray(heard.full, np.float64), window // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
        spectra = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)).T
        highest = _HIGHEST_HERTZ * heard.rate / RATE
        spectra = spectra[: round(highest / heard.rate * window)]
        decibels = 20 * np.log10(np.maximum(spectra / max(spectra.max(), 1e-9), 1e-9))
        axis.imshow(
            decibels,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=-_RANGE_DB,
            vmax=0.0,
            extent=(0.0, heard.seconds, 0.0, highest / 1000),
        )
        axis.set_ylabel(f"{name}\nkHz")
        axis.set_xlim(0.0, longest)
    for name, heard in sounds.items():
        levels = frame_levels(heard.full, heard.rate)
        below.plot((np.arange(len(levels)) + 0.5) * FRAME_SECONDS, levels, lw=1.2, label=name)
    below.set_ylim(_QUIETEST_DB, 0.0)
    below.set_ylabel("loudness\ndBFS")
    below.legend(loc="lower right", fontsize="small", ncols=len(sounds))
    below.set_xlabel("seconds")
    picture.savefig(path)
