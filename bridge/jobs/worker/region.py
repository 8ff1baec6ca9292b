"""The region of a file that a request asks for."""

from __future__ import annotations

import os
from pathlib import Path

from bridge.jobs.paths import AllowedFolders, as_asked
from bridge.jobs.rendering.renderer import Order
from bridge.jobs.request import RequestError
from bridge.jobs.span import span
from umtn_core.audio.read import open_audio
from umtn_core.audio.sound import SoundRows
from umtn_core.errors import Cancelled, DiskError, UmtnError
from umtn_core.progress import IsCancelled


def read_region(
    folders: AllowedFolders,
    order: Order,
    longest_seconds: float,
    cancelled: IsCancelled,
    room: Path,
) -> SoundRows:
    """Read the region of an order, if the input is still the file that was accepted.

    Parameters
    ----------
    folders
        The folders that may be read.
    order
        The job whose region is read.
    longest_seconds
        The length in seconds that a region may have.
    cancelled
        Asked between blocks.
    room
        The file that audio is put into that does not fit into memory.

    Raises
    ------
    RequestError
    Cancelled
    MemoryError
    """
    request = order.request
    path = folders.session / request.input
    shown = as_asked(order.asked_input or path.name)
    try:
        with (
            folders.open_input(path, shown) as file,
            open_audio(file, Path(shown)) as audio,
        ):
            _check_unchanged(os.fstat(file.fileno()), order, shown)
            start, length = span(request, audio.samples, audio.sample_rate, longest_seconds, shown)
            sound = audio.taken(start, length, cancelled, path=room)
            _check_unchanged(os.fstat(file.fileno()), order, shown)
            return sound
    except Cancelled:
        raise
    except UmtnError as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from None
        raise RequestError(
            "disk" if isinstance(error, DiskError) else "audio", str(error)
        ) from error
    except OSError as error:
        raise RequestError("not_found", f"{shown} cannot be read: {error.strerror}.") from error


def _check_unchanged(status: os.stat_result, order: Order, shown: str) -> None:
    if (status.st_size, status.st_mtime_ns) != (order.input_size, order.input_mtime_ns):
        raise RequestError(
            "audio",
            f"{shown} was changed after the job was accepted; send it again under another id.",
        )
