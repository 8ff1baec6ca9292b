"""Spoils audio with noise such as decoders make: it follows how loud each band is.

A decoder draws every value from a distribution that is as wide as what it predicts is uncertain,
and that goes with the level of what it plays, band by band.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core import filter_bank

Audio = NDArray[np.float32]

#: Bands of the noise, of decoders in one band as well.
BANDS = 8
#: Steps of the bands over which a level is taken, from and to: 2.5 to 75 ms at 32 kHz.
LEVEL_STEPS = 10.0, 300.0
#: Decibels of the noise in a band against the band's level, from and to.
DECIBELS = -22.0, -6.0
#: Spread of a single band's decibels.
SPREAD = 2.0
#: Decibels of what is added to the levels of all bands, against that of the whole: from and to for
#: the lowest band; for the highest a tenth of its power.
FLOOR = -45.0, -28.0
#: The share of clips whose noise is not white within its bands, and how far from it, at most.
COLOURED, COLOUR = 0.5, 0.6


def spoilt(audio: Audio, random: np.random.Generator) -> Audio:
    """Add noise to audio.

    Parameters
    ----------
    audio : float32 array (samples,)
    random
        Draws the noise and what is random of its form.

    Returns
    -------
    float32 array (samples,)
    """
    samples = filter_bank.analyse(audio, BANDS)
    steps = max(1, round(np.exp(random.uniform(*np.log(LEVEL_STEPS)))))
    power = _smoothed(np.square(samples), steps, int(random.integers(0, steps)))
    floor = 10 ** (random.uniform(*FLOOR) / 10) * np.linspace(1, 0.1, BANDS)
    level = np.sqrt(power + power.sum(1, keepdims=True) * floor)
    decibels = random.uniform(*DECIBELS) + random.normal(0, SPREAD, BANDS)
    noise = random.standard_normal(samples.shape, np.float32)
    if random.random() < COLOURED:
        _colour(noise, random.uniform(-COLOUR, COLOUR, BANDS))
    noise *= level * 10 ** (decibels / 20)
    return filter_bank.synthesise(samples + noise, BANDS)[: len(audio)]


def _smoothed(power: NDArray[np.float32], steps: int, before: int) -> NDArray[np.float64]:
    """Mean power (n, bands) of so many steps, of which some lie before each, others behind it."""
    padded = np.pad(power.astype(np.float64), ((before + 1, steps - 1 - before), (0, 0)))
    sums = np.cumsum(padded, axis=0)
    # What is left of louder steps before it may round to less than nothing.
    return np.maximum(sums[steps:] - sums[:-steps], 0) / steps


def _colour(noise: NDArray[np.float32], share: NDArray[np.float64]) -> None:
    """Add to each step a share of the one before, at the same power."""
    noise[1:] += share.astype(np.float32) * noise[:-1]
    noise /= np.sqrt(1 + share**2).astype(np.float32)
