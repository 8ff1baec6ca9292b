"""What a file is, by its first bytes."""

from __future__ import annotations

import os
from typing import BinaryIO

from umtn_core.audio.container.aiff import look_into_aiff
from umtn_core.audio.container.flac import look_into_flac
from umtn_core.audio.container.found import Found
from umtn_core.audio.container.mpeg import look_into_mpeg
from umtn_core.audio.container.ogg import look_into_ogg
from umtn_core.audio.container.others import look_into_others
from umtn_core.audio.container.tags import skip_tags
from umtn_core.audio.container.wave import RIFFS, look_into_wave
from umtn_core.errors import UmtnError

#: What people take for audio files that can be read, by how they begin at which byte.
_FOREIGN = (
    (4, b"ftyp", "an MPEG-4 file (M4A, AAC or ALAC)"),
    (0, b"\x30\x26\xb2\x75", "Windows Media (WMA)"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"MThd", "MIDI, notes without sound"),
    (0, b"\x00\x00\x01\xba", "MPEG video"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
)


def look(file: BinaryIO, path: object) -> Found:
    """Find out what a file is, and where its sound lies.

    Parameters
    ----------
    file
        Open for reading; left at any position.
    path
        What to call it.

    Raises
    ------
    UmtnError
        If it is not audio of a kind that can be read, or is cut off or damaged.
    OSError
        If it cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise UmtnError(f"{path} is empty.")
    begin = skip_tags(file, 0, size)
    file.seek(begin)
    head = file.read(16)
    magic, kind = head[:4], head[8:12]
    if magic in RIFFS and kind == b"WAVE":
        return look_into_wave(file, begin, size, path)
    if magic == b"FORM" and kind in (b"AIFF", b"AIFC"):
        return look_into_aiff(file, begin, size, path)
    if magic == b"fLaC":
        return look_into_flac(file, begin, size, path)
    if magic == b"OggS":
        return look_into_ogg(file, begin, size, path)
    other = look_into_others(file, begin, size, head, path)
    if other is not None:
        return other
    for at, mark, name in _FOREIGN:
        if head[at : at + len(mark)] == mark:
            raise UmtnError(f"{path} is {name}, which cannot be read; convert it to WAV or FLAC.")
    return look_into_mpeg(file, begin, size, path)
