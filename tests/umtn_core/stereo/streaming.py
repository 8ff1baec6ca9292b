"""Recordings and stages, block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.umtn_core.stereo.sounds import RATE
from umtn_core.stage import Stage
from umtn_core.stereo import StereoListener

Audio = NDArray[np.float32]
WHOLE = 1 << 30


def blocks(audio: Audio, size: int) -> list[Audio]:
    return [audio[..., k : k + size] for k in range(0, audio.shape[-1], size)]


def listened(audio: Audio, rate: int = RATE, size: int = WHOLE) -> StereoListener:
    listener = StereoListener(len(audio), rate)
    for block in blocks(audio, size):
        listener.add(block)
    return listener


def sent(stage: Stage, audio: Audio, size: int = WHOLE) -> Audio:
    return np.concatenate([*map(stage, blocks(audio, size)), stage.rest()], axis=-1)
