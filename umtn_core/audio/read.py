"""Reading audio files whole, and refusing those that are not.

libsndfile decodes; what it is handed is found by `umtn_core.audio.container`, which looks at the
bytes themselves, since every decoder believes some headers that are wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from soundfile import SoundFile, SoundFileError

from umtn_core.audio.container import Found, Layout, Part, look
from umtn_core.audio.container.flac_checksum import FlacChecksum
from umtn_core.audio.container.window import Window
from umtn_core.audio.hushed import hushed
from umtn_core.audio.sound import FARTHEST, HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, SoundRows
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import IsCancelled
from umtn_core.rows import Rows
from umtn_core.stage import ahead

#: Headers that claim more than this are taken to be wrong.
LONGEST_SECONDS = 24 * 3600
#: How far above full scale what was compressed may come out; loud masters come to 2.
_LOUDEST = 4.0
#: Samples that a decoder may hold back at the end of frames that have been counted: those of one.
_SLACK = 1152
#: Recordings in one file, one behind another.
_MOST_PARTS = 1000
#: FLAC holds silence in the least room: 65,535 samples in 11 bytes.
MOST_SAMPLES_A_BYTE = 8192

_BLOCK = 1 << 18


def read_audio(path: str | Path) -> tuple[NDArray[np.float32], int]:
    """Read a whole file: WAV and its kin, AIFF, FLAC, MP3, Ogg, W64, CAF or AU.

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
    with opened_audio(Path(path)) as audio:
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
    with opened_audio(path) as audio:
        return audio.taken(0, audio.samples, cancelled, folder=folder)


@contextmanager
def opened_audio(path: Path) -> Iterator[OpenAudio]:
    """Open a file by its path, and say what is wrong with either.

    Parameters
    ----------
    path
        The file to open.

    Yields
    ------
    OpenAudio

    Raises
    ------
    UmtnError
        As `read_audio` does, also at the end of the block.
    """
    try:
        if not path.exists():
            if path.is_symlink():
                raise UmtnError(f"{path} is a link to {os.readlink(path)}, which is not there.")
            raise UmtnError(f"There is no file {path}.")
        if path.is_dir():
            raise UmtnError(f"{path} is not a file but a folder.")
        if not path.is_file():
            raise UmtnError(
                f"{path} is not a file but a pipe or a device; save what it gives as a file first."
            )
        with path.open("rb") as file:
            before = _state(file)
            try:
                with open_audio(file, path) as audio:
                    yield audio
            finally:
                # Whatever was found of it then, or not: it was not one file.
                if _state(file) != before:
                    raise UmtnError(
                        f"{path} was changed while it was read; try again once nothing writes to "
                        "it."
                    )
    except OSError as error:
        raise UmtnError(f"Cannot read {path}: {error.strerror or error}.") from error


def _state(file: BinaryIO) -> tuple[int, int]:
    """Tell what changes with every change of a file."""
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


class OpenAudio:
    """An audio file whose headers have been checked, to be read once. Made by `open_audio`.

    Attributes
    ----------
    channels, samples, sample_rate : int
        The file's form, as it is, whatever its headers say.
    kind : str
        What format it has, such as ``WAV`` or ``MP3``.
    layout : Layout or None
        Where its samples stand, if they stand one by one.
    remark : str
        What is odd of it and can be heard, in a sentence; else empty.
    """

    def __init__(self, file: BinaryIO, path: Path, found: Found):
        self._file = file
        self._path = path
        self._parts = found.parts
        self.kind = found.kind
        self.layout: Layout | None = found.layout
        self.remark = found.remark
        self._lengths: list[int] = []
        self.channels, self.sample_rate = 0, 0
        if found.layout is not None:
            # What no library could open is refused for what it is.
            _check_form(path, found.layout.channels, found.layout.sample_rate)
        for part in self._parts[:_MOST_PARTS]:
            with self._decoder(part) as decoder:
                self._add(decoder, part)
        self.samples = sum(self._lengths)

    def _add(self, decoder: SoundFile, part: Part) -> None:
        form = (decoder.channels, decoder.samplerate)
        if self._lengths and form != (self.channels, self.sample_rate):
            raise UmtnError(
                f"{self._path} is several recordings of different rates or channels, one behind "
                "another; take them apart."
            )
        self.channels, self.sample_rate = form
        self._lengths.append(decoder.frames if part.samples is None else part.samples)

    @contextmanager
    def _decoder(self, part: Part) -> Iterator[SoundFile]:
        window = Window(self._file, part.pieces)
        try:
            decoder = SoundFile(window, **part.options)
        except (SoundFileError, TypeError, ValueError) as error:
            raise window.error or UmtnError(
                f"{self._path} cannot be decoded: it is damaged, or packed in a way of {self.kind} "
                "that is not known; convert it to WAV with a program that plays it."
            ) from error
        with decoder:
            try:
                yield decoder
            except SoundFileError as error:
                raise window.error or _cut_off(self._path) from error
            if window.error is not None:
                raise window.error

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
        return SoundRows(rows, self.sample_rate, remark=self.remark)

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
        begin = 0
        for part, samples in zip(self._parts, self._lengths, strict=True):
            first, last = max(0, start - begin), min(samples, start + length - begin)
            if first < last:
                whole = (first, last) == (0, samples)
                checksum = FlacChecksum.of(part.flac_header) if whole else None
                for place, block in self._part_blocks(part, first, last, checksum, cancelled):
                    self._check_numbers(block, begin + place)
                    if not part.exact and not part.flac_header:
                        self._check_level(block, begin + place)
                    yield block
            begin += samples

    @contextmanager
    def seeking(self) -> Iterator[Callable[[int, int], NDArray[np.float32]]]:
        """Read here and there, by the decoder's own way of finding a place.

        That is quick in an hour of MP3 too, but how near the place it finds is lies with the
        decoder: for looking and listening, not for rendering.

        Yields
        ------
        callable
            Returns float32 (channels, length) for a first sample and a length, inside the file.
            Raises what `read` does.
        """
        with ExitStack() as stack:
            opened: dict[int, SoundFile] = {}

            def read(start: int, length: int) -> NDArray[np.float32]:
                blocks = [np.empty((self.channels, 0), np.float32)]
                begin = 0
                for number, samples in enumerate(self._lengths):
                    part = self._parts[number]
                    first, last = max(0, start - begin), min(samples, start + length - begin)
                    if first < last and number not in opened:
                        stack.close()
                        opened.clear()
                        opened[number] = stack.enter_context(self._decoder(part))
                    if first < last:
                        opened[number].seek(first)
                    while first < last:
                        frames = self._frames(opened[number], part, last - first)
                        blocks.append(_channels(frames, part))
                        self._check_numbers(blocks[-1], begin + first)
                        first += len(frames)
                    begin += samples
                return np.concatenate(blocks, axis=1)

            yield read

    def _part_blocks(
        self,
        part: Part,
        first: int,
        last: int,
        checksum: FlacChecksum | None,
        cancelled: IsCancelled | None,
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Read one of the recordings in the file from its sample ``first`` to ``last``."""
        done = first if part.exact else 0
        with self._decoder(part) as decoder:
            if done:
                decoder.seek(done)
            while done < last:
                if cancelled is not None and cancelled():
                    raise Cancelled("Reading was cancelled.")
                frames = self._frames(decoder, part, last - done)
                if checksum is not None:
                    checksum.update(frames)
                skipped = min(len(frames), max(0, first - done))
                if skipped < len(frames):
                    yield done + skipped, _channels(frames[skipped:], part)
                done += len(frames)
        if checksum is not None and not checksum.matches():
            raise _cut_off(self._path)

    def _frames(self, decoder: SoundFile, part: Part, left: int) -> NDArray[np.float32]:
        """Read on, a block or what is left."""
        # Only libmpg123 has something to say, and it says it of MP3 within WAV too.
        with nullcontext() if part.exact or part.flac_header else hushed():
            frames: NDArray[np.float32] = decoder.read(min(_BLOCK, left), "float32", always_2d=True)
        if len(frames):
            return frames
        if part.samples is None or left > _SLACK:
            raise _cut_off(self._path)
        return np.zeros((left, self.channels), np.float32)

    def _check_numbers(self, audio: NDArray[np.float32], first: int) -> None:
        if np.abs(audio).max(initial=0.0) <= FARTHEST:
            return
        good = (np.abs(audio) <= FARTHEST).all(axis=0)
        at = int(np.argmin(good))
        what = (
            f"more than {FARTHEST:,.0f} times beyond full scale"
            if np.isfinite(audio[:, at]).all()
            else "not numbers (NaN or infinity)"
        )
        raise UmtnError(
            f"{self._path} has samples that are {what}, the first at "
            f"{(first + at) / self.sample_rate:.3f} s; repair it in an audio editor."
        )

    def _check_level(self, audio: NDArray[np.float32], first: int) -> None:
        """Refuse what a lossy decoder makes of damaged bytes: bursts beyond all measure."""
        level = np.abs(audio).max(axis=0)
        if level.max() > _LOUDEST:
            second = (first + int(np.argmax(level > _LOUDEST))) / self.sample_rate
            raise UmtnError(
                f"{self._path} is damaged at {second:.2f} s, where what it holds decodes to noise "
                f"{level.max():.0f} times as loud as can be; copy or download it again."
            )


def _channels(frames: NDArray[np.float32], part: Part) -> NDArray[np.float32]:
    """Turn samples as a decoder gives them into channels, in order and as loud as they are."""
    audio = np.ascontiguousarray(frames.T if part.order is None else frames.T[list(part.order)])
    if part.scale != 1.0:
        audio *= np.float32(part.scale)
    return audio


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
    found = look(file, path)
    if len(found.parts) > _MOST_PARTS:
        raise UmtnError(
            f"{path} is {len(found.parts)} recordings one behind another, and at most "
            f"{_MOST_PARTS} are read; take them apart."
        )
    size = file.seek(0, os.SEEK_END)
    audio = OpenAudio(file, path, found)
    channels, frames, rate = audio.channels, audio.samples, audio.sample_rate
    if frames < 1:
        raise UmtnError(f"{path} holds no sound.")
    _check_form(path, channels, rate)
    if frames > LONGEST_SECONDS * rate:
        raise UmtnError(
            f"{path} lasts {frames / rate / 3600:.0f} hours by its header; what is read may last "
            f"{LONGEST_SECONDS // 3600}."
        )
    if frames > MOST_SAMPLES_A_BYTE * size:
        raise UmtnError(
            f"{path} claims {frames} samples in {size} bytes, which no format can hold: "
            "its header is damaged."
        )
    yield audio


def _check_form(path: Path, channels: int, rate: int) -> None:
    if channels > MOST_CHANNELS:
        raise UmtnError(
            f"{path} has {channels} channels, and at most {MOST_CHANNELS} are read; take it apart."
        )
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UmtnError(
            f"{path} has {rate} samples a second; convert it to a rate from {LOWEST_RATE} to "
            f"{HIGHEST_RATE}."
        )


def _cut_off(path: Path) -> UmtnError:
    return UmtnError(f"{path} is cut off or damaged; copy or download it again.")
