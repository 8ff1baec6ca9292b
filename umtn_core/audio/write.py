"""Writing audio files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.container.ogg import VORBIS_ORDERS
from umtn_core.audio.formats import FORMATS, check_form, open_writer, size_of
from umtn_core.audio.places import check_place, check_room
from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import UmtnError


def check_output(
    path: str | Path,
    *,
    overwrite: bool = False,
    make_folders: bool = False,
    channels: int | None = None,
    sample_rate: int | None = None,
    samples: int | None = None,
    besides: int = 0,
) -> int:
    """Refuse early what `write_audio` would refuse after the work is done.

    Parameters
    ----------
    path
        The file to write.
    overwrite
        Whether it may replace a file that is there already.
    make_folders
        Whether folders that are missing will be made before it is written.
    channels, sample_rate
        The form that the audio is going to have, where it is known; the rate in hertz.
    samples
        Its length, where that is known as well.
    besides
        The bytes of other files that will be written before this one.

    Returns
    -------
    int
        The bytes that the file will have; 0 where nobody can know it.

    Raises
    ------
    UmtnError
        If the ending means no format or one that cannot hold such audio, the file exists and
        may not be replaced, its name is not possible, the folder is not there or cannot be
        written to, or the disk has too little room.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise UmtnError(
            f"{path.name} should end in one of {', '.join(FORMATS)}, which choose the format."
        )
    check_place(path, overwrite=overwrite, make_folders=make_folders)
    if channels is None or sample_rate is None:
        return 0
    try:
        check_form(ending, channels, sample_rate, samples)
    except UmtnError as error:
        raise UmtnError(f"{path} cannot be written: {error}") from error
    size = size_of(ending, channels, samples or 0) or 0
    check_room(path, size, besides)
    return size


def write_audio(
    path: str | Path, audio: NDArray[np.float32], sample_rate: int, *, overwrite: bool = False
) -> None:
    """Write a file in the format that its ending names, WAV as 32-bit floating point.

    Nothing can be seen at the path until the file is whole and on the disk.

    Parameters
    ----------
    path
        The file to write.
    audio : float32 array (channels, samples)
    sample_rate
        The audio's rate in hertz.
    overwrite
        Replace a file that is there already.

    Raises
    ------
    UmtnError
        As `check_output` does, or if the disk is full, or the format cannot hold the audio.
    """
    if audio.ndim != 2 or 0 in audio.shape:
        raise UmtnError("There is no audio to write.")
    channels, samples = audio.shape
    check_output(
        path, overwrite=overwrite, channels=channels, sample_rate=sample_rate, samples=samples
    )
    write_blocks(path, [audio], channels, sample_rate, overwrite=overwrite)


def write_blocks(
    path: str | Path,
    blocks: Iterable[NDArray[np.float32]],
    channels: int,
    sample_rate: int,
    *,
    overwrite: bool = False,
) -> int:
    """Write a file as `write_audio` does, of audio that comes in blocks.

    Parameters
    ----------
    path, sample_rate, overwrite
        What they are for `write_audio`.
    blocks : iterable of float32 array (channels, n)
        What is written; where taking them raises, there is no file.
    channels
        The number of channels.

    Returns
    -------
    int
        How many samples were beyond what the format holds, and were clipped.

    Raises
    ------
    UmtnError
        As `write_audio` does.
    """
    path, clipped = Path(path), 0
    check_output(path, overwrite=overwrite, channels=channels, sample_rate=sample_rate)
    # What is replaced is what a link leads to, and not the link.
    place = Path(os.path.realpath(path))
    try:
        with (
            whole_file(place, overwrite=overwrite) as file,
            open_writer(file, path.suffix.lower(), channels, sample_rate) as writer,
        ):
            order = _order(path.suffix.lower(), channels)
            for block in blocks:
                clipped += int(np.count_nonzero(np.abs(block) > 1))
                writer.write(np.ascontiguousarray(block[order], np.float32))
    except FileExistsError as error:
        raise UmtnError(f"{path} appeared meanwhile, and was not overwritten.") from error
    except OSError as error:
        raise UmtnError(f"Cannot write {path}: {error.strerror or error}.") from error
    except (ValueError, RuntimeError) as error:
        raise UmtnError(f"Cannot write {path}: {_sentence(error)}.") from error

    # WAV is written as floating-point numbers.
    return 0 if path.suffix.lower() == ".wav" else clipped


def _order(ending: str, channels: int) -> list[int]:
    """List which channel is written first, and so on: in Vorbis they stand as they are read."""
    order = VORBIS_ORDERS.get(channels) if ending == ".ogg" else None
    return list(range(channels)) if order is None else [order.index(i) for i in range(channels)]


def _sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "unknown error"
