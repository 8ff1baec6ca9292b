"""What is done to the past that a decoder is taught with, so that it heeds the latent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from umtn_core.training.settings import Corruption

Audio = NDArray[np.float32]


def corrupt(
    past: Audio,
    excerpt: Callable[[], Audio],
    settings: Corruption,
    random: np.random.Generator,
) -> tuple[Audio, NDArray[np.bool_]]:
    """Corrupt a decoder's past.

    Parameters
    ----------
    past : float32 array, shape (samples,)
    excerpt
        Gives another excerpt of the same domain and length.
    settings
        How often and how much.
    random
        Source of all choices.

    Returns
    -------
    corrupted : float32 array, shape (samples,)
    scored : bool array, shape (samples,)
        False where the past says nothing about the target, so that scoring it would
        only teach guessing.
    """
    out = past.copy()
    scored = np.ones(len(past), bool)
    if random.random() < settings.mix_probability:
        out += _gain(settings.mix_quietest, settings.mix_loudest, random) * excerpt()
    if random.random() < settings.noise_probability:
        level = _gain(settings.noise_quietest, settings.noise_loudest, random)
        out += level * random.standard_normal(len(out), np.float32)
    if random.random() < settings.splice_probability:
        length = int(random.integers(1, min(settings.splice_longest, len(past)) + 1))
        start = int(random.integers(0, len(past) - length + 1))
        stretch = slice(start, start + length)
        out[stretch] = excerpt()[stretch]
        scored[stretch] = False
    return out, scored


def _gain(quietest: float, loudest: float, random: np.random.Generator) -> np.float32:
    return np.float32(np.exp(random.uniform(np.log(quietest), np.log(loudest))))
