"""FFmpeg as a second opinion, through PyAV."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def read_by_ffmpeg(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read a whole file as float32 (channels, samples), and its rate."""
    blocks = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        for frame in [*container.decode(stream), None]:
            blocks += [made.to_ndarray() for made in resampler.resample(frame)]
        return np.concatenate(blocks, axis=1), stream.rate
