"""Can the joins of segments be heard? What changes there, against what changes everywhere.

A join that could be heard would be a moment at which the spectrum or the level changes more than
music itself makes it. So the change at each join is ranked among the changes at all moments of the
same render, and of a render of the same music in one unbroken stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WINDOW_SECONDS = 0.032
_HOP_SECONDS = 0.004
#: A join is looked at over so long around its middle.
_AROUND_SECONDS = 0.05
#: What lies so far below the loudest frame is silence to the ear.
_DEPTH_DB = 60.0


@dataclass(frozen=True)
class Changes:
    """How much a signal changes from moment to moment.

    Parameters
    ----------
    flux : float64 array (frames,)
        Spectral flux: the mean rise of the magnitude spectrum in decibels, over two windows that
        do not overlap.
    level : float64 array (frames,)
        Change of level between the same windows, in decibels, without its sign.
    hop
        Samples between frames; frame i compares what lies before and after sample ``i * hop``.
    """

    flux: NDArray[np.float64]
    level: NDArray[np.float64]
    hop: int

    @classmethod
    def of(cls, audio: NDArray[np.float32], rate: int) -> Changes:
        """Measure a mono signal."""
        window, hop = round(_WINDOW_SECONDS * rate), round(_HOP_SECONDS * rate)
        padded = np.pad(np.asarray(audio, np.float64), window)
        frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
        spectra = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1))
        floor = max(spectra.max() * 10 ** (-_DEPTH_DB / 20), 1e-9)
        decibels = 20 * np.log10(np.maximum(spectra, floor))
        power = np.mean(np.square(frames), axis=1)
        quiet = max(power.max() * 10 ** (-_DEPTH_DB / 10), 1e-12)
        level = 10 * np.log10(np.maximum(power, quiet))
        apart = window // hop
        rises = np.maximum(decibels[apart:] - decibels[:-apart], 0).mean(axis=1)
        return cls(rises, np.abs(level[apart:] - level[:-apart]), hop)

    def around(self, place: int, reach: int) -> tuple[float, float]:
        """Largest flux and level change within so many samples of a place."""
        first = max(0, (place - reach) // self.hop)
        near = slice(first, max(first + 1, (place + reach) // self.hop + 1))
        return float(self.flux[near].max()), float(self.level[near].max())


def join_figures(
    render: NDArray[np.float32],
    places: Sequence[int],
    unbroken: NDArray[np.float32],
    rate: int,
) -> dict[str, Any]:
    """Rank what changes at joins among what changes elsewhere.

    Parameters
    ----------
    render : float32 array (samples,)
        The audio that was joined from segments.
    places
        The middles of the joins, in samples.
    unbroken : float32 array (samples,)
        The same music from one stream.
    rate
        The samples a second of both.

    Returns
    -------
    dict
        For ``flux`` and ``level``: the median over joins, over stretches of the same length
        elsewhere in the render, and at the same places of the unbroken one; and ``percentile``:
        the joins' mean rank among the stretches elsewhere, 50 if joins are as any other place,
        with ``above_95``, the share of joins above the 95th percentile (0.05 by chance); both
        also for the same places of the unbroken render, since quiet places are not any places.
    """
    reach = round(_AROUND_SECONDS * rate / 2)
    here, there = Changes.of(render, rate), Changes.of(unbroken, rate)
    elsewhere = [
        place
        for place in range(reach, len(render) - reach, reach)
        if all(abs(place - join) > 4 * reach for join in places)
    ]
    at_joins = np.array([here.around(place, reach) for place in places])
    at_others = np.array([here.around(place, reach) for place in elsewhere])
    at_same = np.array([there.around(place, reach) for place in places])
    figures: dict[str, Any] = {"joins": len(places)}
    for i, name in enumerate(("flux", "level")):
        joins, others, same = at_joins[:, i], at_others[:, i], at_same[:, i]
        figures[name] = {
            "at_joins": float(np.median(joins)),
            "elsewhere": float(np.median(others)),
            "unbroken_at_joins": float(np.median(same)),
            "percentile": mean_rank(joins, others),
            "unbroken_percentile": mean_rank(same, others),
            "above_95": share_above(joins, others),
            "unbroken_above_95": share_above(same, others),
        }
    return figures


def mean_rank(values: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Mean percentile of values among others: 50 if they are alike."""
    return 100 * float((values[:, None] > others).mean())


def share_above(values: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Share of values above the others' 95th percentile."""
    return float((values > np.quantile(others, 0.95)).mean())
