"""Audio cut into blocks as a caller might: of any length, some of them empty."""

from __future__ import annotations

import numpy as np


def cut(audio, seed=0, longest=5000):
    """Cut the last axis at random places."""
    rng, begin = np.random.default_rng(seed), 0
    while begin < audio.shape[-1]:
        end = begin + int(rng.integers(0, longest))
        yield audio[..., begin:end]
        begin = end


def sent(audio, stage, **options):
    """Send audio through a stage in such blocks, and put together what it gives."""
    given = [stage(block) for block in cut(audio, **options)]
    return np.concatenate([*given, stage.rest()], axis=-1)
