"""Writing audio files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import UmtnError

#: How each ending is written. Lossless formats keep all they can.
FORMATS: dict[str, dict[str, Any]] = {
    ".wav": {"bit_depth": 32},  # 32 bits are floating point
    ".aiff": {"bit_depth": 24},
    ".aif": {"bit_depth": 24},
    ".flac": {"bit_depth": 24},
    ".ogg": {"quality": "192 kbps"},
    ".mp3": {"quality": "V2"},
}


def check_output(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse early what `write_audio` would refuse after the work is done.

    Raises
    ------
    UmtnError
        If the ending means no format, the folder is not there or cannot be written to,
        or the file exists and may not be overwritten.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise UmtnError(
            f"{path.name} should end in one of {', '.join(FORMATS)}, which choose the format."
        )
    if path.is_dir():
        raise UmtnError(f"{path} is a folder, not a file.")
    if path.exists() and not overwrite:
        raise UmtnError(f"{path} exists already; choose another name, or ask to overwrite it.")
    if not path.parent.is_dir():
        raise UmtnError(f"There is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise UmtnError(f"The folder {path.parent} cannot be written to.")


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
    write_blocks(path, [audio], audio.shape[0], sample_rate, overwrite=overwrite)


def write_blocks(
    path: str | Path,
    blocks: Iterable[NDArray[np.float32]],
    channels: int,
    sample_rate: int,
    *,
    overwrite: bool = False,
) -> None:
    """Write a file as `write_audio` does, of audio that comes in blocks.

    Parameters
    ----------
    path, sample_rate, overwrite
        What they are for `write_audio`.
    blocks : iterable of float32 array (channels, n)
        What is written; where taking them raises, there is no file.
    channels
        The number of channels.

    Raises
    ------
    UmtnError
        As `write_audio` does.
    """
    path = Path(path)
    check_output(path, overwrite=overwrite)
    suffix = path.suffix.lower()
    try:
        with (
            whole_file(path, overwrite=overwrite) as file,
            AudioFile(
                file, "w", sample_rate, channels, format=suffix[1:], **FORMATS[suffix]
            ) as writer,
        ):
            for block in blocks:
                writer.write(np.ascontiguousarray(block, np.float32))
    except FileExistsError as error:
        raise UmtnError(f"{path} appeared meanwhile, and was not overwritten.") from error
    except OSError as error:
        raise UmtnError(f"Cannot write {path}: {error.strerror or error}.") from error
    except (ValueError, RuntimeError) as error:
        raise UmtnError(f"Cannot write {path}: {_sentence(error)}.") from error


def _sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "unknown error"
