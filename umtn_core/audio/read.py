"""Reading audio files, and refusing those that are not whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

from umtn_core.audio.container import check_container
from umtn_core.audio.flac import FlacChecksum
from umtn_core.errors import UmtnError

#: Headers that claim more than this are taken to be wrong.
LONGEST_SECONDS = 24 * 3600
MOST_CHANNELS = 64

_BLOCK = 1 << 18


def read_audio(path: str | Path) -> tuple[NDArray[np.float32], int]:
    """Read a whole file of any format that pedalboard knows.

    What the headers promise is checked before memory is asked for, and against what is
    there: decoders themselves fill up a file that was cut off with silence.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    audio : float32 array (channels, samples)
    sample_rate : int
        In hertz.

    Raises
    ------
    UmtnError
        If there is no such file, or it is not audio, is cut off or damaged, holds no
        samples, or samples that are not numbers.
    """
    path = Path(path)
    if not path.exists():
        raise UmtnError(f"There is no file {path}.")
    if not path.is_file():
        raise UmtnError(f"{path} is not a file.")
    try:
        check_container(path)
        audio, sample_rate = _decode(path)
    except OSError as error:
        raise UmtnError(f"Cannot read {path}: {error.strerror or error}.") from error
    except MemoryError as error:
        raise UmtnError(f"{path} does not fit into the memory of this machine.") from error
    finite = np.isfinite(audio).all(axis=0)
    if not finite.all():
        second = int(np.argmin(finite)) / sample_rate
        raise UmtnError(
            f"{path} has samples that are not numbers (NaN or infinity), the first at "
            f"{second:.3f} s; repair it in an audio editor."
        )
    return audio, sample_rate


def _decode(path: Path) -> tuple[NDArray[np.float32], int]:
    try:
        file = AudioFile(str(path))
    except ValueError as error:
        raise UmtnError(f"{path} is not audio in a format that can be read.") from error
    with file:
        channels, frames, rate = file.num_channels, file.frames, file.samplerate
        if channels < 1:
            raise UmtnError(f"{path} has no channels.")
        if frames < 1:
            raise UmtnError(f"{path} holds no audio, or is cut off.")
        if channels > MOST_CHANNELS or rate <= 0 or frames > LONGEST_SECONDS * rate:
            raise UmtnError(
                f"{path} claims {channels} channels of {frames} samples at {rate:g} Hz: "
                "its header is damaged."
            )
        if rate != int(rate):
            raise UmtnError(f"{path} has {rate} samples a second; convert it to a whole number.")
        audio = np.empty((channels, frames), np.float32)
        checksum = FlacChecksum.of(path)
        done = 0
        while done < frames:
            try:
                block = file.read(min(_BLOCK, frames - done))
            except (ValueError, RuntimeError) as error:
                raise UmtnError(f"{path} is damaged: {error}.") from error
            if block.size == 0:
                raise _cut_off(path)
            audio[:, done : done + block.shape[1]] = block
            done += block.shape[1]
            if checksum is not None:
                checksum.update(block)
    if checksum is not None and not checksum.matches():
        raise _cut_off(path)
    return audio, int(rate)


def _cut_off(path: Path) -> UmtnError:
    return UmtnError(f"{path} is cut off or damaged; copy or download it again.")
