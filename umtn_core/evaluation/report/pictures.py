"""Spectrograms, one under the other on the same axes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import RATE, Heard

_WINDOW, _HOP = 1024, 160
_RANGE_DB = 70.0
#: At 16 kHz; of more samples a second, more is shown.
_HIGHEST_HERTZ = 6000.0


def draw_spectrograms(sounds: Mapping[str, Heard], path: Path) -> None:
    """Write a PNG with the spectrogram of each sound, its name beside it.

    Levels are in decibels below each recording's own loudest point, 70 dB deep; frequency is
    linear, so that partials lie evenly spaced.

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
    picture = Figure(figsize=(10, 1.75 * len(sounds)), dpi=90, layout="constrained")
    axes = picture.subplots(len(sounds), sharex=True, squeeze=False)[:, 0]
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
    axes[-1].set_xlabel("seconds")
    picture.savefig(path)
