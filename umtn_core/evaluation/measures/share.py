"""Figures with their uncertainty: sums over pieces, and a bootstrap of the pieces.

Every measure is a share: what was got of what could be had, summed over pieces. Notes found among
notes played, frames in tune among frames with a pitch; a mean is a share in which every piece
counts one. So one resampling of the pieces gives every measure its interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 2000
#: The intervals hold 95 of 100 draws.
_QUANTILES = (0.025, 0.975)

Figure = dict[str, Any]


@dataclass(frozen=True)
class Share:
    """One measure of several pieces.

    Parameters
    ----------
    got, of
        What each piece got, and of how much: float64 arrays (pieces,). The measure is
        ``sum(got) / sum(of)``. A piece that says nothing has 0 in both.
    """

    got: NDArray[np.float64]
    of: NDArray[np.float64]

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[float, float]]) -> Share:
        """Make one of what each piece got, and of how much."""
        table = np.array(list(pairs), np.float64).reshape(-1, 2)
        return cls(table[:, 0], table[:, 1])

    @classmethod
    def mean(cls, values: ArrayLike) -> Share:
        """Make one whose value is the mean over pieces; what is not finite does not count."""
        numbers = np.asarray(values, np.float64)
        known = np.isfinite(numbers)
        return cls(np.where(known, numbers, 0.0), known.astype(np.float64))

    @classmethod
    def together(cls, shares: Sequence[Share]) -> Share:
        """Pool several shares of the same pieces, piece by piece."""
        return cls(sum_of([t.got for t in shares]), sum_of([t.of for t in shares]))

    @property
    def value(self) -> float:
        """Over all pieces; NaN if none says anything."""
        return _ratio(self.got.sum(), self.of.sum())

    @property
    def pieces(self) -> list[float | None]:
        """Of each piece alone."""
        return [rounded(_ratio(a, b)) for a, b in zip(self.got, self.of, strict=True)]

    def drawn(self, seed: int) -> NDArray[np.float64]:
        """Its value in each of `DRAWS` resamplings of the pieces, the same for every measure."""
        chosen = _draws(len(self.got), seed)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.got[chosen].sum(axis=1) / self.of[chosen].sum(axis=1)

    def interval(self, seed: int) -> list[float] | None:
        """95 % bootstrap interval over pieces (percentiles); None for fewer than two."""
        return _interval(self.drawn(seed)) if (self.of > 0).sum() > 1 else None

    def share_of(self, ceiling: Share, seed: int) -> Figure:
        """How much of a ceiling it reaches, with an interval from resampling both together."""
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = self.drawn(seed) / ceiling.drawn(seed)
        several = (self.of > 0).sum() > 1
        return {
            "value": rounded(_ratio(self.value, ceiling.value)),
            "interval": _interval(drawn) if several else None,
        }


def figure(
    made: Share, ceiling: Share | None = None, floor: Share | None = None, *, seed: int = 0
) -> Figure:
    """A measure beside its ceiling and floor, each with its interval, rounded for print.

    Parameters
    ----------
    made
        The measure of the translations.
    ceiling, floor
        The same measure of what is right, and of what is wrong, by design.
    seed
        The seed of the bootstrap.

    Returns
    -------
    dict ready for JSON; what is not a number is None
    """
    result: Figure = {}
    for name, share in (("value", made), ("ceiling", ceiling), ("floor", floor)):
        result[name] = None if share is None else rounded(share.value)
    for name, share in (
        ("interval", made),
        ("ceiling_interval", ceiling),
        ("floor_interval", floor),
    ):
        result[name] = None if share is None else share.interval(seed)
    result["pieces"] = made.pieces
    return result


def plain(value: float, ceiling: float | None = None, floor: float | None = None) -> Figure:
    """A single number beside its ceiling and floor, where there is one piece only."""
    return {"value": rounded(value), "ceiling": rounded(ceiling), "floor": rounded(floor)}


def rounded(value: float | None) -> float | None:
    """Four decimals; None for what is not a number."""
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


def sum_of(arrays: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Sum of arrays of one shape."""
    return np.sum(np.stack(arrays), axis=0)


def _ratio(got: float, of: float) -> float:
    return float(got / of) if of else float("nan")


def _interval(drawn: NDArray[np.float64]) -> list[float] | None:
    known = drawn[np.isfinite(drawn)]
    return [round(float(q), 4) for q in np.quantile(known, _QUANTILES)] if len(known) else None


@cache
def _draws(pieces: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, max(1, pieces), (DRAWS, pieces))
