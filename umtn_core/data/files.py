"""Writing the files of a store: each is there whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import UmtnError

#: int16 full scale; float samples in [-1, 1] are multiplied by it.
FULL_SCALE = 32767


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, making its folder.

    Raises
    ------
    UmtnError
        If the file cannot be written (full disk, no permission).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, overwrite=True) as file:
            file.write(data)
    except OSError as error:
        raise UmtnError(f"Cannot write {path}: {error.strerror or error}.") from error


def write_audio(path: Path, samples: NDArray[np.floating]) -> int:
    """Write float samples in [-1, 1], shape (samples,), as int16 ``.npy``.

    Returns
    -------
    their number

    Raises
    ------
    UmtnError
        If the file cannot be written.
    """
    scaled = np.clip(np.asarray(samples, np.float64), -1.0, 1.0) * FULL_SCALE
    buffer = io.BytesIO()
    np.save(buffer, np.round(scaled).astype(np.int16), allow_pickle=False)
    write_atomically(path, buffer.getvalue())
    return int(scaled.size)


def as_floats(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the int16 samples of a store as floats in [-1, 1], of the same shape."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def write_json(path: Path, value: Any) -> None:
    """Write a Struct or plain value as indented JSON, atomically."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def sweep_unfinished(folder: Path) -> None:
    """Remove what an earlier, killed run left unfinished in a store."""
    for file in folder.glob(".*.part"):
        file.unlink(missing_ok=True)
    for name in ("audio", "others", "pairs", "records"):
        for file in (folder / name).rglob(".*.part"):
            file.unlink(missing_ok=True)
