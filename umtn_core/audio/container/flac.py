"""FLAC files, also those that were written into a pipe and do not know their length."""

from __future__ import annotations

from io import BufferedReader
from typing import BinaryIO

from pedalboard.io import AudioFile

from umtn_core.audio.container.found import Found, Part
from umtn_core.audio.container.tags import end_of_sound
from umtn_core.audio.container.window import Piece, Window
from umtn_core.errors import UmtnError

#: The first block, which every file has, ends here.
_STREAMINFO_END = 42
#: Where the number of samples stands: four bits of one byte, and four bytes.
_TOTAL = 21


def look_into_flac(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    """Find the sound of a FLAC file.

    Parameters
    ----------
    file
        Open for reading.
    begin
        Where it begins, behind tags.
    size
        The file's size in bytes.
    path
        What to call it.

    Raises
    ------
    UmtnError
        If it is cut off within its header.
    OSError
        If it cannot be read.
    """
    file.seek(begin)
    header = file.read(_STREAMINFO_END)
    end = end_of_sound(file, begin, size)
    if len(header) < _STREAMINFO_END or end <= begin + _STREAMINFO_END:
        raise UmtnError(f"{path} is cut off within its header; copy it again.")
    pieces: list[Piece] = [(begin, end - begin)]
    if not _total(header):
        # libsndfile cannot read to an end that it does not know, so the samples are counted.
        counted = _counted(Window(file, pieces))
        if counted:
            rest = begin + _STREAMINFO_END
            pieces = [_with_total(header, counted), (rest, end - rest)]
    return Found("FLAC", [Part(pieces, flac_header=header)])


def _total(header: bytes) -> int:
    return int.from_bytes(header[_TOTAL : _TOTAL + 5], "big") & 0xFFFFFFFFF


def _with_total(header: bytes, samples: int) -> bytes:
    total = samples.to_bytes(5, "big")
    first = bytes([header[_TOTAL] & 0xF0 | total[0]])
    return header[:_TOTAL] + first + total[1:] + header[_TOTAL + 5 :]


def _counted(window: Window) -> int:
    try:
        with AudioFile(BufferedReader(window)) as audio:
            return int(audio.frames)
    except (ValueError, RuntimeError):
        return 0
