"""What stands before the sound in a FLAC file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from umtn_core.audio.container.tags import end_of_sound, skip_tags

MARK = b"fLaC"
#: Kinds of metadata blocks that are of the sound itself.
STREAMINFO, SEEKTABLE = 0, 3
#: The bit that says that a metadata block is the last.
LAST = 0x80


@dataclass(frozen=True)
class FlacHead:
    """What stands before the sound in a FLAC file.

    Parameters
    ----------
    before
        Tags in front of the file's own mark, or nothing.
    blocks
        Kind and content of each metadata block.
    after
        Tags behind the sound, or nothing.
    size
        Bytes of what stands before the sound.
    """

    before: bytes
    blocks: tuple[tuple[int, bytes], ...]
    after: bytes
    size: int

    @property
    def bits(self) -> int:
        """The bits of a sample."""
        return (int.from_bytes(self.blocks[0][1][10:18], "big") >> 36 & 0x1F) + 1

    @classmethod
    def of(cls, file: BinaryIO) -> FlacHead | None:
        """Read it from an open file; None if that is no FLAC file."""
        size = file.seek(0, os.SEEK_END)
        begin = skip_tags(file, 0, size)
        file.seek(0)
        before = file.read(begin)
        if file.read(4) != MARK:
            return None
        blocks, last = [], False
        while not last:
            start = file.read(4)
            length = int.from_bytes(start[1:], "big")
            content = file.read(length)
            if len(start) < 4 or len(content) < length:
                return None
            blocks.append((start[0] & ~LAST, content))
            last = bool(start[0] & LAST)
        if blocks[0][0] != STREAMINFO or len(blocks[0][1]) < 34:
            return None
        sound = file.tell()
        file.seek(end_of_sound(file, sound, size))
        return cls(before, tuple(blocks), file.read(), sound)
