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
from umtn_core.audio.sound import HIGHEST_RATE, LOWEST_RATE, SoundRows
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import IsCancelled
from umtn_core.rows import Rows
from umtn_core.stage import ahead

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
        If there is no such file, or it is not audio, is cut off or damaged, changes
        meanwhile, holds no samples, or samples that are not numbers.
    """
    with _opened(Path(path)) as audio:
        return audio.read(0, audio.samples), audio.sample_rate


def take_audio(
    path: Path, *, folder: Path | None = None, cancelled: IsCancelled | None = None
) -> SoundRows:
    """Read a whole file as `read_audio` does, to where it takes no memory if it is long.

    Parameters
    ----------
    path
        The file to read.
    folder
        Where it is put if it does not fit into memory, see `umtn_core.rows.Rows`.
    cancelled
        Asked between blocks.

    Raises
    ------
    UmtnError
        As `read_audio` does.
    Cancelled
    """
    with _opened(path) as audio:
        return audio.taken(0, audio.samples, cancelled, folder=folder)


@contextmanager
def _opened(path: Path) -> Iterator[OpenAudio]:
    """Open a file by its path, and say what is wrong with either."""
    if not path.exists():
        raise UmtnError(f"There is no file {path}.")
    if not path.is_file():
        raise UmtnError(f"{path} is not a file.")
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            with open_audio(file, path) as audio:
                yield audio
            now = os.fstat(file.fileno())
            # Decoders fill up with silence what is cut off under their hands.
            if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise UmtnError(
                    f"{path} was changed while it was read; try again once nothing writes to it."
                )
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
            audio = np.empty((self.channels, length), np.float32)
        except MemoryError as error:
            raise UmtnError(
                f"{self._path} does not fit into the memory of this machine."
            ) from error
        filled = 0
        for block in self.blocks(start, length, cancelled):
            audio[:, filled : filled + block.shape[1]] = block
            filled += block.shape[1]
        return audio

    def taken(
        self,
        start: int,
        length: int,
        cancelled: IsCancelled | None = None,
        *,
        folder: Path | None = None,
        path: Path | None = None,
    ) -> SoundRows:
        """Read a region to where it can be read from again and again.

        Parameters
        ----------
        start, length, cancelled
            What they are for `read`.
        folder, path
            Where it is put if it does not fit into memory, see `umtn_core.rows.Rows`.

        Raises
        ------
        UmtnError
            As `read` does, or if there is no room on the disk.
        Cancelled
        OSError
        """
        rows = Rows(length, self.channels, folder=folder, path=path)
        filled = 0
        for block in ahead(self.blocks(start, length, cancelled)):
            rows[filled : filled + block.shape[1]] = block.T
            filled += block.shape[1]
        return SoundRows(rows, self.sample_rate)

    def blocks(
        self, start: int, length: int, cancelled: IsCancelled | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Read a region block by block.

        Parameters
        ----------
        start, length, cancelled
            What they are for `read`.

        Yields
        ------
        float32 array (channels, n)

        Raises
        ------
        UmtnError
            If samples are missing or not numbers. A checksum is known to be wrong at the end.
        Cancelled
        OSError
        """
        whole = start == 0 and length == self.samples
        checksum = self._checksum if whole else None
        done = start if self._seeks_exactly else 0
        self._decoder.seek(done)
        while done < start + length:
            if cancelled is not None and cancelled():
                raise Cancelled("Reading was cancelled.")
            block = self._block(min(_BLOCK, start + length - done))
            if checksum is not None:
                checksum.update(block)
            wanted = block[:, max(0, start - done) :]
            self._check_numbers(wanted, max(start, done))
            done += block.shape[1]
            if wanted.shape[1]:
                yield wanted
        if checksum is not None and not checksum.matches():
            raise _cut_off(self._path)

    def _check_numbers(self, audio: NDArray[np.float32], first: int) -> None:
        finite = np.isfinite(audio).all(axis=0)
        if not finite.all():
            second = (first + int(np.argmin(finite))) / self.sample_rate
            raise UmtnError(
                f"{self._path} has samples that are not numbers (NaN or infinity), the first at "
                f"{second:.3f} s; repair it in an audio editor."
            )

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
        if rate != int(rate) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise UmtnError(
                f"{path} has {rate:g} samples a second; convert it to a whole number from "
                f"{LOWEST_RATE} to {HIGHEST_RATE}."
            )
        yield OpenAudio(decoder, path, seeks_exactly=seeks_exactly, checksum=checksum)


def _cut_off(path: Path) -> UmtnError:
    return UmtnError(f"{path} is cut off or damaged; copy or download it again.")
