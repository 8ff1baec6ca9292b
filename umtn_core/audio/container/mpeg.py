"""MP3 files and the other layers of MPEG audio, frame by frame.

A header that counts the frames may be wrong, missing, or that of the first of several joined
files, and a decoder that believes it stops too early or plays silence. Going from frame to frame
takes a fraction of a second for an hour of music, and is sure.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from umtn_core.audio.container.found import Found, Part
from umtn_core.audio.container.tags import tag_here
from umtn_core.audio.container.window import Piece, append
from umtn_core.errors import UmtnError

_KBITS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MONO = 3
#: Four bytes that may be a frame's header.
_MAYBE = re.compile(rb"\xff(?=[\xe2-\xe7\xf2-\xff][\x10-\xeb])")
#: So many frames one after another are no chance.
_SURE = 4
#: Bytes in which the first frame is looked for, and the next one behind what is none.
_FARTHEST = 1 << 20
_BLOCK = 1 << 20
#: Bytes of an Info header with all its fields and LAME's.
_INFO_BYTES = 4 + 32 + 120 + 36
#: A live stream has one every ten seconds or so.
_MOST_TAGS = 20_000
#: Zeros and the like at the end that are worth a word.
_MUCH = 1 << 16


class _Frame(NamedTuple):
    """What a frame's header says."""

    form: tuple[int, int, int, bool]
    length: int
    samples: int


@dataclass
class _Run:
    """Frames that one encoder wrote, one after another."""

    info: bytes = b""
    counted: int | None = None
    frames: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, place: int, length: int) -> None:
        self.frames += 1
        append(self.ranges, place, length)


class _Bytes:
    """Reads a few bytes here and there, mostly forwards."""

    def __init__(self, file: BinaryIO, size: int):
        self.file = file
        self.size = size
        self._begin = 0
        self._block = b""

    def at(self, place: int, count: int) -> bytes:
        offset = place - self._begin
        if offset < 0 or offset + count > len(self._block):
            self.file.seek(place)
            self._begin, self._block = place, self.file.read(max(_BLOCK, count))
            offset = 0
        return self._block[offset : offset + count]


def look_into_mpeg(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    """Find all frames of MPEG audio, and what stands between them.

    Parameters
    ----------
    file
        Open for reading.
    begin
        Where it begins, behind the tags at its start.
    size
        The file's size in bytes.
    path
        What to call it.

    Raises
    ------
    UmtnError
        If there is none, a part is missing, or parts differ in rate or channels.
    OSError
        If it cannot be read.
    """
    data = _Bytes(file, size)
    first = begin if _is_all(data, begin) else None
    if first is None:
        first = _next_frames(data, begin)
    if first is None:
        raise UmtnError(
            f"{path} is not audio in a format that can be read; convert it to WAV or FLAC."
        )
    frame = _frame(data, first)
    assert frame is not None
    walk = _Walk(data, frame, path)
    walk.go(first)
    return Found("MP3", [_part(run, frame, data) for run in walk.runs], remark=walk.remark())


class _Walk:
    """The way through a file from one frame to the next."""

    def __init__(self, data: _Bytes, frame: _Frame, path: object):
        self._data = data
        self._form = frame.form
        self._frame_samples = frame.samples
        self._path = path
        self._rate = frame.form[2]
        self._ends_within = False
        self._left = 0
        self._tags = 0
        self.runs: list[_Run] = []

    def go(self, place: int) -> None:
        size = self._data.size
        self.runs.append(_Run())
        while place < size:
            frame = _frame(self._data, place)
            if frame is not None and frame.form == self._form:
                if place + frame.length > size:
                    self._ends_within = True
                    break
                self._take(place, frame)
                place += frame.length
                continue
            if frame is not None and self._is_of_other_channels(place, frame):
                raise UmtnError(
                    f"{self._path} has frames of one channel among those of two; convert it to WAV "
                    "with a program that plays it."
                )
            after = self._behind_tag(place)
            if after is None:
                after = self._behind_gap(place)
            if after is None:
                self._left = size - place
                break
            place = after
        self.runs = [run for run in self.runs if run.frames]
        if not self.runs:
            raise UmtnError(f"{self._path} holds no sound: there is only a header in it.")
        last = self.runs[-1]
        missing = (last.counted or 0) - last.frames
        # Some count the header's own frame too.
        if (missing > 0 and self._ends_within) or (missing > 1 and self._left):
            raise UmtnError(
                f"{self._path} is cut off: of {last.counted} frames that its header counts, "
                f"{last.frames} are there; copy it again."
            )

    def _is_of_other_channels(self, place: int, frame: _Frame) -> bool:
        """Whether a frame differs in its channels only, and another one follows it."""
        following = _frame(self._data, place + frame.length)
        rate = self._form[:3]
        return frame.form[:3] == rate and following is not None and following.form[:3] == rate

    def remark(self) -> str:
        seconds = self._frame_samples / self._rate
        for run in self.runs:
            if (run.counted or 0) > run.frames + 1:
                where = "at the end" if run is self.runs[-1] else "where parts were joined"
                return (
                    f"Its header counts {(run.counted or 0) * seconds:.1f} s of sound, of which "
                    f"{run.frames * seconds:.1f} s are there, so something may be missing {where}."
                )
        if self._ends_within:
            return "It ends within a frame, so something may be missing at the end."
        if self._left > _MUCH:
            return f"The last {self._left} bytes of the file are no sound, and are not played."
        return ""

    def _take(self, place: int, frame: _Frame) -> None:
        info = _info(self._data, place, frame)
        if info is not None:
            counted, content = info
            self.runs.append(_Run(info=content, counted=counted))
        else:
            self.runs[-1].add(place, frame.length)

    def _behind_tag(self, place: int) -> int | None:
        length = tag_here(self._data.file, place, self._data.size)
        # In the middle of one stream, or of joined ones, which a header of its own would tell.
        self._tags += 1
        if not length or self._tags > _MOST_TAGS:
            return None
        return min(place + length, self._data.size)

    def _behind_gap(self, place: int) -> int | None:
        """Find the next frames behind what is none; None if there are none."""
        after = _next_frames(self._data, place)
        if after is None:
            return None
        frame = _frame(self._data, after)
        assert frame is not None
        if frame.form != self._form:
            raise UmtnError(
                f"{self._path} is several recordings of different rates or channels, one behind "
                "another; take them apart."
            )
        if any(self._data.at(place, after - place)):
            second = sum(run.frames for run in self.runs) * self._frame_samples / self._rate
            raise UmtnError(
                f"{self._path} is damaged at {second:.2f} s: {after - place} bytes there are no "
                "sound; copy it again, or convert it to WAV with a program that plays it."
            )
        return after


def _frame(data: _Bytes, place: int) -> _Frame | None:
    return _read_header(data.at(place, 4))


def _read_header(head: bytes | bytearray) -> _Frame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or kbits in (0, 15) or rate == 3:
        return None
    hertz = _RATES[version][rate]
    bits = 1000 * _KBITS[1 if version == 3 else 2, layer][kbits]
    padding = head[2] >> 1 & 1
    if layer == 1:
        length, samples = (12 * bits // hertz + padding) * 4, 384
    else:
        samples = 576 if layer == 3 and version != 3 else 1152
        length = samples // 8 * bits // hertz + padding
    return _Frame((version, layer, hertz, head[3] >> 6 == _MONO), length, samples)


def _next_frames(data: _Bytes, place: int) -> int | None:
    """Find where from a place on so many frames follow one another that it is no chance."""
    block = data.at(place, min(_FARTHEST, data.size - place))
    for match in _MAYBE.finditer(block):
        if _is_sure(data, place + match.start()):
            return place + match.start()
    return None


def _is_sure(data: _Bytes, place: int) -> bool:
    first = None
    for _ in range(_SURE):
        frame = _frame(data, place)
        if frame is None or (first is not None and frame.form != first.form):
            return False
        first = first or frame
        place += frame.length
        if place == data.size:
            return True
    return True


def _is_all(data: _Bytes, place: int) -> bool:
    """Whether a file has fewer frames than are sure, and behind them nothing but a tag or zeros."""
    first, begin = _frame(data, place), place
    for _ in range(_SURE):
        frame = _frame(data, place)
        if frame is None or first is None or frame.form != first.form:
            break
        if place + frame.length > data.size:
            return place > begin  # the last one is cut off
        place += frame.length
    else:
        return False
    if first is None:
        return False
    rest = data.at(place, _BLOCK)
    return not any(rest) or bool(tag_here(data.file, place, data.size))


def _info(data: _Bytes, place: int, frame: _Frame) -> tuple[int | None, bytes] | None:
    """Return what a frame counts that is a header and no sound: its count, and its bytes."""
    version, layer, _, mono = frame.form
    if layer != 3:
        return None
    content = data.at(place, frame.length)
    at = _info_offset(version, mono)
    if content[36:40] == b"VBRI" and len(content) >= 54:
        return _known(struct.unpack_from(">I", content, 50)[0]), b""
    names = (b"Xing", b"Info")
    if not content[1] & 1 and content[at + 2 : at + 6] in names and not any(content[6 : at + 2]):
        # Behind a checksum; decoders disagree on where the delays stand then.
        return None, b""
    # Between the header and the name there is nothing.
    if content[at : at + 4] not in names or any(content[6:at]):
        return None
    if len(content) < at + 8:
        return None, b""
    flags = struct.unpack_from(">I", content, at + 4)[0]
    if not flags & 1 or len(content) < at + 12:
        return None, b""
    return _known(struct.unpack_from(">I", content, at + 8)[0]), content


def _known(count: int) -> int | None:
    """Return a count, or None for what stands for one that was not known."""
    return count if 0 < count < 0xFFFFFFFF else None


def _info_offset(version: int, mono: bool) -> int:
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return 4 + side


def _part(run: _Run, frame: _Frame, data: _Bytes) -> Part:
    """Put a header before the frames that counts them as they are."""
    pieces: list[Piece] = list(run.ranges)
    if frame.form[1] == 3:
        head = bytearray(run.info or _new_info(data.at(run.ranges[0][0], 4), frame))
        _count(head, run, frame)
        pieces.insert(0, bytes(head))
        return Part(pieces)
    # No header counts the frames of the other layers, and libsndfile guesses by their bytes.
    return Part(pieces, samples=run.frames * frame.samples)


def _count(head: bytearray, run: _Run, frame: _Frame) -> None:
    """Write true counts into an Info header; the delays in it hold for the frames it counted."""
    at = _info_offset(frame.form[0], frame.form[3])
    flags = struct.unpack_from(">I", head, at + 4)[0]
    struct.pack_into(">I", head, at + 8, run.frames)
    place = at + 12
    if flags & 2:
        length = len(head) + sum(length for _, length in run.ranges)
        struct.pack_into(">I", head, place, min(length, 0xFFFFFFFF))
        place += 4
    place += (100 if flags & 4 else 0) + (4 if flags & 8 else 0)
    if abs((run.counted or 0) - run.frames) > 1 and len(head) >= place + 24:
        # Of 12 bits each: the encoder's delay at the start, and what it filled up at the end.
        head[place + 22] &= 0xF0
        head[place + 23] = 0


def _new_info(head: bytes, frame: _Frame) -> bytes:
    """Make a frame of silence that holds the count of the others."""
    start = bytearray(head)
    start[1] |= 1  # no checksum
    for kbits in range(1, 15):
        start[2] = kbits << 4 | (head[2] & 0x0C)
        made = _read_header(start)
        if made is not None and made.length >= _INFO_BYTES:
            break
    assert made is not None
    content = bytearray(made.length)
    content[:4] = start
    at = _info_offset(frame.form[0], frame.form[3])
    content[at : at + 4] = b"Info"
    struct.pack_into(">I", content, at + 4, 1)
    return bytes(content)
