"""Pedalboard as a second opinion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

#: More than any file here holds: it believes headers.
_MOST = 1 << 20


def read_by_pedalboard(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read a file as float32 (channels, samples), and its rate."""
    with AudioFile(str(path)) as file:
        return file.read(min(int(file.frames), _MOST)), int(file.samplerate)
