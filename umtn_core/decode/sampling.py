"""From logits to a code: temperature, top-p, and the inverse of the cumulative distribution.

This file is the definition that all engines follow. For one row of 256 float32 logits,
a uniform number u in [0, 1), temperature T and top-p P, everything below is in float64, and every
sum over codes is taken one term after another, from code 0 upwards unless said otherwise:

1. If T = 0, the code is that of the greatest logit, the lowest such code if several.
2. ``weight[c] = exp((logit[c] - greatest logit) / T)``.
3. If P < 1, only the nucleus keeps its weight, all others become 0. The nucleus: codes in
   descending order of weight, lower code first where equal, up to and including the first
   at which their running sum, in that order, reaches P times the sum over all 256.
4. ``cumulative[c] = weight[0] + ... + weight[c]``. The code is the lowest c with
   ``cumulative[c] > u * cumulative[255]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.values import number, shown, shown_as_no_whole_number, whole_number


def checked_seed(seed: int) -> int:
    """Return a seed as Python's own integer, and refuse what is none.

    Raises
    ------
    UmtnError
        If it is not a whole number from 0 to 2^64 - 1.
    """
    whole = whole_number(seed)
    if whole is None or not 0 <= whole < 2**64:
        raise UmtnError(
            "The seed must be a whole number from 0 to 2^64 - 1, "
            f"not {shown_as_no_whole_number(seed)}."
        )
    return whole


_TEMPERATURE = "The temperature must be 0, or from 0.001 to 1000"


def _is_temperature(temperature: float) -> bool:
    return temperature == 0 or 1e-3 <= temperature <= 1e3


@dataclass(frozen=True)
class Sampling:
    """How codes are drawn.

    Parameters
    ----------
    seed
        0 to 2^64 - 1; the same seed gives the same samples.
    temperature
        Divides the logits: 1 as trained, lower is cleaner and duller, 0 always takes
        the likeliest code; otherwise from 0.001 to 1000.
    top_p
        Draw from the likeliest codes that make up this share of the probability only;
        above 0, at most 1.
    band_temperatures
        Factors on the temperature, one for each band of the network; none, 1 for all.

    Raises
    ------
    UmtnError
        If one is out of range, or not one number.
    """

    seed: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    band_temperatures: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        # Kept as Python's own numbers, which a saved decode can hold.
        object.__setattr__(self, "seed", checked_seed(self.seed))
        asked = number(self.temperature)
        if asked is None or not _is_temperature(asked):
            raise UmtnError(f"{_TEMPERATURE}, not {shown(self.temperature)}.")
        object.__setattr__(self, "temperature", asked)
        for temperature in (asked * factor for factor in self.band_temperatures):
            if not _is_temperature(temperature):
                raise UmtnError(f"{_TEMPERATURE}, not {temperature:g}.")
        top_p = number(self.top_p)
        if top_p is None or not 0 < top_p <= 1:
            raise UmtnError(f"Top-p must be above 0 and at most 1, not {shown(self.top_p)}.")
        object.__setattr__(self, "top_p", top_p)

    def temperatures(self, bands: int) -> tuple[float, ...]:
        """List the temperature of each band of a network that has so many.

        Raises
        ------
        UmtnError
            If there are factors for another number of bands.
        """
        factors = self.band_temperatures or (1.0,) * bands
        if len(factors) != bands:
            raise UmtnError(
                f"There are temperatures for {len(factors)} bands, but the model has {bands}."
            )
        return tuple(self.temperature * factor for factor in factors)


def draw_bands(
    logits: NDArray[np.float32], uniforms: NDArray[np.float32], sampling: Sampling
) -> NDArray[np.int64]:
    """Draw one code a stream and band.

    Parameters
    ----------
    logits : float32 array (streams, bands, 256)
    uniforms : float32 array (streams, bands), values in [0, 1)
    sampling
        Temperatures and top-p.

    Returns
    -------
    int64 array (streams, bands), values 0 to 255
    """
    if logits.shape[1] == 1 and not sampling.band_temperatures:
        return draw(logits[:, 0], uniforms[:, 0], sampling)[:, None]
    codes = np.empty(uniforms.shape, np.int64)
    for band, temperature in enumerate(sampling.temperatures(logits.shape[1])):
        of_band = Sampling(sampling.seed, temperature, sampling.top_p)
        codes[:, band] = draw(logits[:, band], uniforms[:, band], of_band)
    return codes


def draw(
    logits: NDArray[np.float32], uniforms: NDArray[np.float32], sampling: Sampling
) -> NDArray[np.int64]:
    """Draw one code a row.

    Parameters
    ----------
    logits : float32 array (rows, 256)
    uniforms : float32 array (rows,), values in [0, 1)
    sampling
        Temperature and top-p.

    Returns
    -------
    int64 array (rows,), values 0 to 255
    """
    if sampling.temperature == 0:
        return logits.argmax(axis=1)
    weights = logits.astype(np.float64)
    weights -= weights.max(axis=1, keepdims=True)
    if sampling.temperature != 1:
        weights /= sampling.temperature
    np.exp(weights, out=weights)
    if sampling.top_p < 1:
        weights[~_nucleus(weights, sampling.top_p)] = 0.0
    cumulative = weights.cumsum(axis=1)
    targets = uniforms[:, None] * cumulative[:, -1:]
    return np.count_nonzero(cumulative <= targets, axis=1)


def _nucleus(weights: NDArray[np.float64], top_p: float) -> NDArray[np.bool_]:
    """Which codes belong to the nucleus: bool array shaped like the weights."""
    order = np.argsort(-weights, axis=1, kind="stable")
    running = np.take_along_axis(weights, order, axis=1).cumsum(axis=1)
    wanted = top_p * weights.cumsum(axis=1)[:, -1:]
    kept_in_order = np.ones_like(running, dtype=bool)
    kept_in_order[:, 1:] = running[:, :-1] < wanted
    kept = np.empty_like(kept_in_order)
    np.put_along_axis(kept, order, kept_in_order, axis=1)
    return kept
