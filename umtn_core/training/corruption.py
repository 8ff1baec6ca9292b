"""What is done to the past that a decoder is taught with, so that it heeds the latent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from umtn_core.training.settings import Corruption

Audio = NDArray[np.float32]

#: The share of changes of level that last for the whole segment.
_CONSTANT = 0.3
#: What is left of a past that begins in silence; free running it is never quite 0 for long.
_NEARLY_SILENT = np.array([0.0, 0.003, 0.02], np.float32)


def corrupt(
    past: Audio,
    excerpt: Callable[[], Audio],
    settings: Corruption,
    random: np.random.Generator,
    longest_splice: int | None = None,
) -> tuple[Audio, NDArray[np.bool_]]:
    """Corrupt a decoder's past.

    Parameters
    ----------
    past : float32 array, shape (steps,) or (steps, bands)
    excerpt
        Gives another excerpt of the same domain and shape.
    settings
        How often and how much.
    random
        Source of all choices.
    longest_splice
        In steps; the settings' own number of samples when left out.

    Returns
    -------
    corrupted : float32 array, of the past's shape
    scored : bool array, shape (steps,)
        False where the past says nothing about the target, so that scoring it would
        only teach guessing.
    """
    out = past.copy()
    scored = np.ones(len(past), bool)
    # What is off draws no number, so that older runs go on with the segments they had.
    clean = settings.clean_probability and random.random() < settings.clean_probability
    if clean:
        if settings.clean_noise:
            out += _noise(settings.clean_noise / 20, settings.clean_noise, out, random)
    else:
        if random.random() < settings.mix_probability:
            out += _gain(settings.mix_quietest, settings.mix_loudest, random) * excerpt()
        if random.random() < settings.noise_probability:
            out += _noise(settings.noise_quietest, settings.noise_loudest, out, random)
    if settings.level_probability and random.random() < settings.level_probability:
        out *= _level(len(out), settings, random).reshape(-1, *[1] * (out.ndim - 1))
    if settings.silence_probability and random.random() < settings.silence_probability:
        out[: int(random.integers(1, max(2, len(out) // 2)))] *= random.choice(_NEARLY_SILENT)
    if not clean and random.random() < settings.splice_probability:
        longest = settings.splice_longest if longest_splice is None else longest_splice
        length = int(random.integers(1, min(longest, len(past)) + 1))
        start = int(random.integers(0, len(past) - length + 1))
        stretch = slice(start, start + length)
        out[stretch] = excerpt()[stretch]
        scored[stretch] = False
    return out, scored


def _gain(quietest: float, loudest: float, random: np.random.Generator) -> np.float32:
    return np.float32(np.exp(random.uniform(np.log(quietest), np.log(loudest))))


def _noise(quietest: float, loudest: float, like: Audio, random: np.random.Generator) -> Audio:
    level = _gain(quietest, loudest, random)
    return level * random.standard_normal(like.shape, np.float32)


def _level(steps: int, settings: Corruption, random: np.random.Generator) -> Audio:
    """A gain over time: a constant, or straight lines in decibels between two to four points."""
    points = int(random.integers(2, 5))
    decibels = random.uniform(settings.level_quietest_db, settings.level_loudest_db, points)
    if random.random() < _CONSTANT:
        decibels[:] = decibels[0]
    curve = np.interp(np.linspace(0, 1, steps), np.linspace(0, 1, points), decibels)
    return (10 ** (curve / 20)).astype(np.float32)
