"""Whether short frames hold one voice or several, by the partials that last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.scope.spectra import FRAME, RATE, Values

#: A partial of a voice is so strong beside the strongest; reverberation is softer.
_STRONG = 0.3
#: What falls faster than to this in one hop is the rest of a note, and not a voice.
_LASTING = 0.7
#: Partials are looked for in this range of hertz, and up to so many times the pitch.
_LOWEST_HERTZ, _HIGHEST_HERTZ, _HIGHEST_NUMBER = 50.0, 5000.0, 6.5
#: How far a harmonic may lie beside its place, relative, for vibrato; and hertz, for resolution.
_ASIDE, _ASIDE_HERTZ = 0.04, 12.0
#: So much of the lasting partials is strange to the pitch where another voice sounds.
_STRANGE = 0.1

#: Several notes have a common period, far below them; a note as low as this has a fundamental or
#: most of its harmonics, so many of the next seven.
_LOW_HERTZ, _PRESENT, _FILLED = 300.0, 0.02, 0.75
_NUMBERS = np.arange(1, 9)


@dataclass(frozen=True)
class Voices:
    """What partials tell of frames.

    Parameters
    ----------
    several
        Whether some belong to no note of the pitch that was found: bool array (frames,).
    tonal
        Share of the energy in lasting partials, about: float32 array (frames,).
    """

    several: NDArray[np.bool_]
    tonal: Values


def voices(spectra: Values, hertz: Values) -> Voices:
    """Look for partials that last from one frame to the next, and that the pitch does not explain.

    Parameters
    ----------
    spectra : float32 array (frames + 1, bins)
        What `umtn_core.scope.spectra.magnitudes` gives.
    hertz : float32 array (frames,)
        The pitch of each frame but the last.
    """
    now, then = spectra[:-1], spectra[1:]
    lasting = np.minimum(now, then)
    loudest = np.maximum(np.maximum(now.max(axis=1), then.max(axis=1)), np.float32(1e-30))
    rows, bins = _peaks(lasting)
    height = lasting[rows, bins]
    power = np.maximum(np.einsum("ij,ij->i", now, now), np.float32(1e-30))
    # The main lobe of the window holds one and a half times the energy at its top.
    tonal = 1.5 * np.bincount(rows, height**2, len(lasting)) / power

    strong = height > _STRONG * loudest[rows]
    rows, bins, height = rows[strong], bins[strong], height[strong]
    where = bins * np.float32(RATE / FRAME)
    number = where / hertz[rows]
    aside = np.abs(number / np.maximum(np.rint(number), 1) - 1)
    known = aside < np.maximum(_ASIDE, _ASIDE_HERTZ / where)
    held = then[rows, bins] > _LASTING * now[rows, bins]
    weight = height * (number < _HIGHEST_NUMBER)
    strange = np.bincount(rows, weight * (held & ~known), len(lasting))
    total = np.bincount(rows, weight, len(lasting))
    several = (strange > _STRANGE * total) | _hollow(lasting, loudest, hertz)
    return Voices(several, tonal.astype(np.float32))


def _peaks(lasting: Values) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row and bin of every peak."""
    first = int(_LOWEST_HERTZ * FRAME / RATE) + 1
    last = int(_HIGHEST_HERTZ * FRAME / RATE)
    before, here, after = (lasting[:, first + k : last + k] for k in (-1, 0, 1))
    rows, bins = np.nonzero((here >= before) & (here > after))
    return rows, bins + first


def _hollow(lasting: Values, loudest: Values, hertz: Values) -> NDArray[np.bool_]:
    """Find frames whose pitch has neither a fundamental nor many harmonics."""
    bins = np.rint(hertz[:, None] * _NUMBERS * (FRAME / RATE)).astype(np.intp)
    bins = np.clip(bins, 1, lasting.shape[1] - 2)
    rows = np.arange(len(lasting))[:, None]
    around = [lasting[rows, bins + k] for k in (-1, 0, 1)]
    present = np.maximum.reduce(around) > _PRESENT * loudest[:, None]
    filled = present[:, 1:].mean(axis=1)
    hollow: NDArray[np.bool_] = (hertz < _LOW_HERTZ) & ~present[:, 0] & (filled <= _FILLED)
    return hollow
