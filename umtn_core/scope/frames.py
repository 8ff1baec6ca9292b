"""What short frames of a recording sound like, one after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umtn_core.scope.periods import periods
from umtn_core.scope.spectra import FRAME, Values, frames_of, magnitudes
from umtn_core.scope.voices import voices

#: Frames at once: their spectra stay in the processor's cache.
_TOGETHER = 64


class Frames(NamedTuple):
    """What frames sound like, ten a second; float32 arrays (frames,) but for ``several``.

    Parameters
    ----------
    level
        Root mean square of each frame.
    midi
        Likeliest pitch of each frame, a MIDI number with fractions.
    strength
        How periodic each frame is, 0 to about 1.
    tonal
        Share of its energy in partials that last, about.
    several
        Whether it has partials of other notes than that pitch: bool array (frames,).
    """

    level: Values
    midi: Values
    strength: Values
    tonal: Values
    several: NDArray[np.bool_]


def analyse(audio: Values) -> Frames:
    """Hear pitch and voices of frames.

    Parameters
    ----------
    audio : float32 array (samples,)
        What is heard, at 16 kHz; less than two frames is followed by silence.
    """
    frames = frames_of(audio)
    # Each block has a frame more than it describes, to see what lasts.
    starts = range(0, len(frames) - 1, _TOGETHER)
    parts = [_analyse(frames[start : start + _TOGETHER + 1]) for start in starts]
    return joined(parts)


def joined(parts: Iterable[Frames]) -> Frames:
    """Put frames one after another; at least one part."""
    return Frames(*map(np.concatenate, zip(*parts, strict=True)))


def _analyse(frames: Values) -> Frames:
    """Describe all frames but the last."""
    spectra = magnitudes(frames)
    hertz, strength = periods(spectra[:-1])
    heard = voices(spectra, hertz)
    level = np.sqrt(np.einsum("ij,ij->i", frames[:-1], frames[:-1]) / FRAME)
    return Frames(level, 69 + 12 * np.log2(hertz / 440), strength, heard.tonal, heard.several)
