"""Reading audio files, and refusing those that are not whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile, ReadableAudioFile

from umtn_core.audio.container import check_container
from umtn_core.audio.flac import FlacChecksum
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import IsCancelled

#: Headers that claim more than this are taken to be wrong.
LONGEST_SECONDS = 24 * 3600
MOST_CHANNELS = 64
#: FLAC holds silence in the least room: 65,535 samples in 11 bytes.
MOST_SAMPLES_A_BYTE = 8192

_BLOCK = 1 << 18


def read_audio(path: str | Path) -> tuple[NDArray[np.float32], int]:
    """Read a whole file of any format that pedalboard knows.

    What the headers promise is checked before memory is asked for, and against what is
    there: decoders themselves fill up a file that was cut off with silence.

    Parameters
    ----------
    path
        The file to read.

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
        with path.open("rb") as file, open_audio(file, path) as audio:
            return audio.read(0, audio.samples), audio.sample_rate
    except OSError as error:
        raise UmtnError(f"Cannot read {path}: {error.strerror or error}.") from error


class OpenAudio:
    """An audio file whose headers have been checked, to be read once. Made by `open_audio`.

    Attributes
    ----------
    channels, samples, sample_rate : int
        The file's form, as its headers have it.
    """

    def __init__(
        self,
        decoder: ReadableAudioFile,
        path: Path,
        *,
        seeks_exactly: bool,
        checksum: FlacChecksum | None,
    ):
        self._seeks_exactly = seeks_exactly
        self._checksum = checksum
        self._decoder = decoder
        self._path = path
        self.channels = decoder.num_channels
        self.samples = decoder.frames
        self.sample_rate = int(decoder.samplerate)

    def read(
        self, start: int, length: int, cancelled: IsCancelled | None = None
    ) -> NDArray[np.float32]:
        """Read a region, and refuse it if the file is damaged there.

        Parameters
        ----------
        start, length
            In samples; inside the file.
        cancelled
            Asked between blocks.

        Returns
        -------
        float32 array (channels, length)

        Raises
        ------
        UmtnError
            If samples are missing or not numbers, or do not fit into memory.
        Cancelled
        OSError
        """
        try:
            audio = self._read(start, length, cancelled)
        except MemoryError as error:
            raise UmtnError(
                f"{self._path} does not fit into the memory of this machine."
            ) from error
        finite = np.isfinite(audio).all(axis=0)
        if not finite.all():
            second = (start + int(np.argmin(finite))) / self.sample_rate
            raise UmtnError(
                f"{self._path} has samples that are not numbers (NaN or infinity), the first at "
                f"{second:.3f} s; repair it in an audio editor."
            )
        return audio

    def _read(self, start: int, length: int, cancelled: IsCancelled | None) -> NDArray[np.float32]:
        whole = start == 0 and length == self.samples
        checksum = self._checksum if whole else None
        done = start if self._seeks_exactly else 0
        self._decoder.seek(done)
        audio = np.empty((self.channels, length), np.float32)
        while done < start + length:
            if cancelled is not None and cancelled():
                raise Cancelled("Reading was cancelled.")
            block = self._block(min(_BLOCK, start + length - done))
            wanted = block[:, max(0, start - done) :]
            at = max(0, done - start)
            audio[:, at : at + wanted.shape[1]] = wanted
            done += block.shape[1]
            if checksum is not None:
                checksum.update(block)
        if checksum is not None and not checksum.matches():
            raise _cut_off(self._path)
        return audio

    def _block(self, samples: int) -> NDArray[np.float32]:
        try:
            block = self._decoder.read(samples)
        except (ValueError, RuntimeError) as error:
            raise UmtnError(f"{self._path} is damaged: {error}.") from error
        if block.size == 0:
            raise _cut_off(self._path)
        return block


@contextmanager
def open_audio(file: BinaryIO, path: Path) -> Iterator[OpenAudio]:
    """Check the headers of an open file, before memory is asked for.

    Parameters
    ----------
    file
        Open for reading, and not to be used for anything else meanwhile.
    path
        What to call it.

    Yields
    ------
    OpenAudio

    Raises
    ------
    UmtnError
        If it is not audio, holds none, or its headers claim what cannot be.
    OSError
    """
    check_container(file, path)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    # Only where samples are stored one by one is a seek sure to find the right one.
    seeks_exactly = file.read(4) in (b"RIFF", b"RF64", b"BW64", b"FORM")
    checksum = FlacChecksum.of(file)
    file.seek(0)
    try:
        decoder = AudioFile(file)
    except ValueError as error:
        raise UmtnError(f"{path} is not audio in a format that can be read.") from error
    with decoder:
        channels, frames, rate = decoder.num_channels, decoder.frames, decoder.samplerate
        if channels < 1:
            raise UmtnError(f"{path} has no channels.")
        if frames < 1:
            raise UmtnError(f"{path} holds no audio, or is cut off.")
        if channels > MOST_CHANNELS or rate <= 0 or frames > LONGEST_SECONDS * rate:
            raise UmtnError(
                f"{path} claims {channels} channels of {frames} samples at {rate:g} Hz: "
                "its header is damaged."
            )
        if frames > MOST_SAMPLES_A_BYTE * size:
            raise UmtnError(
                f"{path} claims {frames} samples in {size} bytes, which no format can hold: "
                "its header is damaged."
            )
        if rate != int(rate):
            raise UmtnError(f"{path} has {rate} samples a second; convert it to a whole number.")
        yield OpenAudio(decoder, path, seeks_exactly=seeks_exactly, checksum=checksum)


def _cut_off(path: Path) -> UmtnError:
    return UmtnError(f"{path} is cut off or damaged; copy or download it again.")
