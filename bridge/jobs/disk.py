"""Bringing files to the disk, so that they are there after a power cut."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from umtn_core.audio.whole_file import sync_folder

#: Brings a file's contents to the disk, and what is needed to find them.
sync_data = getattr(os, "fdatasync", os.fsync)

_AT_ONCE = 256 << 10


class Sparing:
    """Brings what is written to the disk a little at a time.

    Whoever else waits for the disk, as a request does that is to be acknowledged, waits for a
    little and not for megabytes.

    Parameters
    ----------
    file
        The open file that is written to.
    """

    def __init__(self, file: BinaryIO):
        self._file = file

    def write(self, contents: bytes) -> None:
        """Write, and return when all of it is on the disk."""
        view = memoryview(contents)
        for begin in range(0, len(view), _AT_ONCE):
            self._file.write(view[begin : begin + _AT_ONCE])
            self._file.flush()
            sync_data(self._file.fileno())


def new(path: Path) -> Path:
    """Name what `write_whole` writes to first, and a kill may leave."""
    return path.with_name(f"{path.name}.new")


def write_whole(path: Path, contents: bytes) -> None:
    """Write a file of the bridge's own so that a power cut leaves the old or the new one.

    Raises
    ------
    OSError
    """
    beside = new(path)
    try:
        with open(beside, "wb") as file:
            Sparing(file).write(contents)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)
