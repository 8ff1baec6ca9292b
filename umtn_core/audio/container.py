"""Whether a file is as long as its own headers say.

Decoders read a truncated file without complaint and put silence where the rest was. That
must not reach the user as music that falls silent, so the few bytes that tell are read
here, for each container in its own way. A format that is not known passes.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from umtn_core.errors import UmtnError

#: In RF64 files, the size that stands for "see the ds64 chunk".
_SEE_DS64 = 0xFFFFFFFF

#: A page of Ogg is 64 KiB at most.
_OGG_PAGE = 1 << 16
_OGG_LAST = 0x04

_XING_SEARCH = 8192

#: Real files have a handful of chunks. One made up of empty ones would be walked for hours.
_MOST_CHUNKS = 10_000


def check_container(file: BinaryIO, path: Path) -> None:
    """Refuse a file that ends before its headers say it does.

    Parameters
    ----------
    file
        Open for reading; left at any position.
    path
        What to call it.

    Raises
    ------
    UmtnError
        If so.
    OSError
        If the file cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise UmtnError(f"{path} is empty.")
    file.seek(0)
    magic = file.read(4)
    if magic in (b"RIFF", b"RF64", b"BW64"):
        whole = _riff_is_whole(file, size)
    elif magic == b"FORM":
        whole = _aiff_is_whole(file, size)
    elif magic == b"OggS":
        whole = _ogg_is_whole(file, size)
    elif magic[:3] == b"ID3" or magic[:1] == b"\xff":
        whole = _mp3_is_whole(file, size)
    else:
        return
    if not whole:
        raise UmtnError(f"{path} is cut off: it is shorter than its header says; copy it again.")


def _riff_is_whole(file: BinaryIO, size: int) -> bool:
    """Look for the data chunk of a WAV file, and whether it ends within the file."""
    file.seek(12)
    long_size = None
    for _ in range(_MOST_CHUNKS):
        if len(header := file.read(8)) < 8:
            break
        name, length = struct.unpack("<4sI", header)
        begin = file.tell()
        if name == b"ds64":
            _, long_size = struct.unpack("<QQ", file.read(16).ljust(16, b"\0"))
        elif name == b"data":
            if length == _SEE_DS64 and long_size is not None:
                length = long_size
            return begin + length <= size
        file.seek(begin + length + length % 2)
    return False


def _aiff_is_whole(file: BinaryIO, size: int) -> bool:
    """Look for the sound chunk of an AIFF file, and whether it ends within the file."""
    file.seek(12)
    for _ in range(_MOST_CHUNKS):
        if len(header := file.read(8)) < 8:
            break
        name, length = struct.unpack(">4sI", header)
        begin = file.tell()
        if name == b"SSND":
            return begin + length <= size
        file.seek(begin + length + length % 2)
    return False


def _ogg_is_whole(file: BinaryIO, size: int) -> bool:
    """Tell whether the last page is there to its end, and says that it is the last."""
    file.seek(max(0, size - 2 * _OGG_PAGE))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    segments = page[27 : 27 + page[26]]
    return bool(page[5] & _OGG_LAST) and len(page) >= 27 + len(segments) + sum(segments)


def _mp3_is_whole(file: BinaryIO, size: int) -> bool:
    """Tell whether the file has the bytes that its Xing or Info header counts, if it has one."""
    file.seek(0)
    start = file.read(10)
    begin = 0
    if start[:3] == b"ID3" and len(start) == 10:
        length = 0
        for byte in start[6:]:
            length = length << 7 | (byte & 0x7F)
        begin = 10 + length
    file.seek(begin)
    first = file.read(_XING_SEARCH)
    at = max(first.find(b"Xing"), first.find(b"Info"))
    if at < 0 or len(first) < at + 16:
        return len(first) > 0
    flags, at = struct.unpack_from(">I", first, at + 4)[0], at + 8
    if flags & 1:
        at += 4
    if not flags & 2:
        return True
    (counted,) = struct.unpack_from(">I", first, at)
    return begin + counted <= size
