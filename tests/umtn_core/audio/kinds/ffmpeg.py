"""FFmpeg as a second opinion, through PyAV."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def read_by_ffmpeg(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read a whole file as float32 (channels, samples), and its rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        blocks = [_floats(frame) for frame in container.decode(stream)]
        return np.concatenate(blocks, axis=1), stream.rate


def _floats(frame: av.AudioFrame) -> NDArray[np.float32]:
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "u":
        return ((samples - 128.0) / 128).astype(np.float32)
    if samples.dtype.kind == "i":
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    return samples.astype(np.float32)
