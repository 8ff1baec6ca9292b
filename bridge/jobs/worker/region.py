"""The region of a file that a request asks for."""

from __future__ import annotations

import os
from pathlib import Path

from bridge.jobs.paths import AllowedFolders
from bridge.jobs.rendering.renderer import Order
from bridge.jobs.request import RequestError
from umtn_core.audio.read import OpenAudio, open_audio
from umtn_core.audio.sound import SoundRows
from umtn_core.errors import Cancelled, DiskError, UmtnError
from umtn_core.progress import IsCancelled

#: OSC's floats hold a time an hour into a file to a quarter of a millisecond; a region may seem
#: to end by about as much after its file does.
ROUNDING_SECONDS = 1e-3


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
    try:
        with folders.open_input(path) as file, open_audio(file, path) as audio:
            _check_unchanged(os.fstat(file.fileno()), order)
            start, length = _region(order, audio, longest_seconds)
            sound = audio.taken(start, length, cancelled, path=room)
            _check_unchanged(os.fstat(file.fileno()), order)
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
        raise RequestError("not_found", f"{path} cannot be read: {error.strerror}.") from error


def _region(order: Order, audio: OpenAudio, longest_seconds: float) -> tuple[int, int]:
    """Work out a region in samples, start and length, and make sure that it is in the file."""
    request, rate = order.request, audio.sample_rate
    scale, slack = (rate, int(ROUNDING_SECONDS * rate)) if request.unit == "seconds" else (1, 0)
    start = round(request.start * scale)
    rest = audio.samples - start
    length = rest if request.length is None else round(request.length * scale)
    if length > rest and length - rest <= slack:
        length = rest
    if start >= audio.samples or length > rest:
        raise RequestError(
            "audio",
            f"The region from sample {start} to {start + max(length, 0)} is not inside "
            f"{request.input}, which has {audio.samples} samples ({audio.samples / rate:.3f} s).",
        )
    if length < 1:
        raise RequestError("audio", "The region is shorter than a sample; make it longer.")
    if length > longest_seconds * rate:
        raise RequestError(
            "audio",
            f"The region is {length / rate:.0f} s long, but the bridge renders at most "
            f"{longest_seconds:g} s at once; render it in parts.",
        )
    return start, length


def _check_unchanged(status: os.stat_result, order: Order) -> None:
    if (status.st_size, status.st_mtime_ns) != (order.input_size, order.input_mtime_ns):
        raise RequestError(
            "audio",
            f"{order.request.input} was changed after the job was accepted; send it again "
            "under another id.",
        )
