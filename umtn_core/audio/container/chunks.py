"""Chunks as WAV and AIFF files have them, and as those have them that were written in a hurry."""

from __future__ import annotations

import re
import struct
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import BinaryIO

from umtn_core.audio.container.tags import end_of_sound
from umtn_core.errors import UmtnError

#: Real files have a handful of chunks. One made up of empty ones would be walked for hours.
MOST_CHUNKS = 10_000

#: A size may be off by as many bytes, say by a header's length, before it is taken for a loss.
FEW_BYTES = 64

#: Peaks, a picture of the wave and a checksum: chunks that say what the sound is like.
STALE = frozenset((b"PEAK", b"levl", b"MD5 "))

#: Names that decide where a chunk without its pad byte ends.
_KNOWN = frozenset((
    b"data", b"fmt ", b"fact", b"LIST", b"bext", b"iXML", b"cue ", b"smpl", b"inst", b"JUNK",
    b"junk", b"FLLR", b"PAD ", b"PEAK", b"ds64", b"id3 ", b"ID3 ", b"axml", b"chna", b"plst",
    b"labl", b"ltxt", b"note", b"cart", b"_PMX", b"umid", b"levl", b"link", b"r64m", b"minf",
    b"elm1", b"regn", b"DGDA", b"acid", b"strc", b"COMM", b"SSND", b"MARK", b"INST", b"FVER",
    b"NAME", b"AUTH", b"(c) ", b"ANNO", b"AESD", b"APPL", b"COMT", b"MIDI", b"CHAN",
))  # fmt: skip
_NAMES = re.compile(b"|".join(re.escape(name) for name in sorted(_KNOWN)))
#: Bytes of a file that is read once more to see what was joined.
_SOON_READ = 1 << 28
#: How a WAV or AIFF file begins.
_FILE = re.compile(
    rb"(?:RIFF|RIFX|RF64|BW64).{4}WAVE(?:fmt |JUNK|bext|LIST|ds64)|FORM.{4}AIF[FC](?:COMM|FVER)",
    re.DOTALL,
)
#: Bytes at the end of a file in which chunks behind the sound are looked for.
_FARTHEST = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """A chunk: its name, where its body begins, and the length in bytes that it claims."""

    name: bytes
    begin: int
    length: int


class Chunks:
    """The chunks of one file.

    Parameters
    ----------
    file
        Open for reading.
    size
        The file's size in bytes.
    big
        Whether lengths are written with their big end first.
    """

    def __init__(self, file: BinaryIO, size: int, *, big: bool):
        self.file = file
        self.size = size
        self.end = end_of_sound(file, 0, size)
        self._form = ">4sI" if big else "<4sI"
        self._leads: dict[int, bool] = {}
        self._found: set[int] = set()

    def header(self, place: int) -> Chunk | None:
        """Read a chunk's header; None where there can be none."""
        if place + 8 > self.size:
            return None
        self.file.seek(place)
        name, length = struct.unpack(self._form, self.file.read(8))
        return Chunk(name, place + 8, length)

    def read(self, chunk: Chunk, most: int) -> bytes:
        """Read a chunk's body, as much of it as there is."""
        self.file.seek(chunk.begin)
        return self.file.read(min(most, chunk.length))

    def after(self, chunk: Chunk, length: int | None = None) -> int:
        """Tell where the next chunk begins, also if an odd one lacks its pad byte."""
        end = chunk.begin + (chunk.length if length is None else length)
        if (end - chunk.begin) % 2 == 0:
            return end
        padded, bare = self.header(end + 1), self.header(end)
        if bare is not None and bare.name in _KNOWN and self._fits(bare):
            return end
        if padded is None or self._is_chunk(padded) or not (bare and self._is_chunk(bare)):
            return end + 1
        return end

    def lead_to_the_end(self, place: int) -> bool:
        """Whether chunks follow from a place on, up to the end of the file or to a tag there."""
        passed: list[int] = []
        while (known := self._leads.get(place)) is None:
            if self.end - place < 8:
                # Less than a header is no chunk, but does not make others none that came before.
                known = bool(passed) or place >= self.end
                break
            chunk = self.header(place)
            if chunk is None or not self._is_chunk(chunk) or len(passed) == MOST_CHUNKS:
                known = False
                break
            passed.append(place)
            place = self.after(chunk)
        # Remembered, since one chain may be asked for from each of its chunks.
        self._leads.update(dict.fromkeys(passed, known))
        return known

    def is_chunk_like(self, chunk: Chunk) -> bool:
        """Whether a chunk has a name of letters, or at least lies within the file."""
        return all(32 <= byte < 127 for byte in chunk.name) or self._fits(chunk)

    def is_named(self, place: int) -> bool:
        """Whether a chunk seems to begin at a place, maybe one that is cut off."""
        chunk = self.header(place)
        return chunk is not None and (chunk.name in _KNOWN or self._is_chunk(chunk))

    def end_before_chunks(self, body: int) -> int:
        """Tell where sound ends that goes on to the end, or to chunks or another file."""
        chunk, file = bisect_left(self._at_the_end, body), bisect_right(self._files, body)
        behind = self._at_the_end[chunk : chunk + 1] + self._files[file : file + 1]
        return min([*behind, self.end])

    @cached_property
    def _files(self) -> list[int]:
        """Where further files begin that were joined to a first one, if it is soon read."""
        if self.size > _SOON_READ:
            return []
        found: list[int] = []
        place, rest = 0, b""
        self.file.seek(0)
        while block := self.file.read(_FARTHEST):
            block = rest + block
            found += [place - len(rest) + match.start() for match in _FILE.finditer(block)]
            place += len(block) - len(rest)
            rest = block[-15:]
        return found

    def lost(self, begin: int, names: tuple[bytes, ...]) -> int | None:
        """Look for a chunk to which no way leads, near the beginning of a file."""
        self.file.seek(begin)
        head = self.file.read(_FARTHEST)
        for match in re.finditer(b"|".join(map(re.escape, names)), head):
            chunk = self.header(begin + match.start())
            if chunk is None or begin + match.start() in self._found:
                continue
            if chunk.name == b"data" or 14 <= chunk.length <= 64:
                self._found.add(begin + match.start())
                return begin + match.start()
        return None

    @cached_property
    def _at_the_end(self) -> list[int]:
        """Where chunks of known names begin that lead to the end."""
        begin = max(0, self.end - _FARTHEST)
        self.file.seek(begin)
        named = islice(_NAMES.finditer(self.file.read(self.end - begin)), MOST_CHUNKS)
        places = [begin + match.start() for match in named]
        return [place for place in places if self.lead_to_the_end(place) or self._is_list(place)]

    def _is_list(self, place: int) -> bool:
        """Whether there is a list of names or notes, which nothing else looks like."""
        chunk = self.header(place)
        if chunk is None or chunk.name != b"LIST":
            return False
        return self.read(chunk, 4) in (b"INFO", b"adtl")

    def _is_chunk(self, chunk: Chunk) -> bool:
        return all(32 <= byte < 127 for byte in chunk.name) and self._fits(chunk)

    def _fits(self, chunk: Chunk) -> bool:
        return chunk.begin + chunk.length <= self.size + 1


def length_of_sound(
    chunks: Chunks,
    body: int,
    claimed: int,
    frame: int,
    path: object,
    remarks: list[str],
    *,
    empty: int = 0,
    stale: bool = False,
) -> int:
    """Tell how many bytes a chunk of sound has, whatever it says of that itself.

    A program that writes into a pipe, or that ends before its time, leaves a length of zero or the
    largest one there is: these mean "to the end of the file".

    Parameters
    ----------
    chunks
        The chunks of the file.
    body
        Where the sound begins.
    claimed
        The bytes that it has by its header.
    frame
        The bytes of a sample of all channels, if that is known yet; else 1.
    path
        What to call the file.
    remarks
        Where a sentence is put on what can be heard of it.
    empty
        The bytes that it claims if there is no sound yet: those before the samples.
    stale
        Whether the length of the file itself was never filled in.

    Raises
    ------
    UmtnError
        If the file is shorter than that.
    """
    there = chunks.size - body
    unknown = claimed in (0, empty)
    if unknown and chunks.lead_to_the_end(body + claimed):
        return claimed
    if claimed > there and not (is_unknown(claimed) or claimed - there <= FEW_BYTES):
        raise cut_off(path, claimed, there)
    if unknown or claimed > there:
        return chunks.end_before_chunks(body) - body
    rest = chunks.end - body - claimed
    if 0 < rest < 8 and claimed % frame:
        return claimed + rest
    after = chunks.after(Chunk(b"", body, claimed))
    if rest == claimed % 2 or chunks.lead_to_the_end(after):
        return claimed
    # Lengths beyond 4 GiB are written modulo that.
    to_the_end = chunks.end_before_chunks(body) - body
    if abs(to_the_end - claimed) % (1 << 32) <= FEW_BYTES:
        return to_the_end
    if stale and not chunks.is_named(after):
        return to_the_end
    if not chunks.is_named(after) and not _is_zero(chunks.file, body + claimed, rest):
        remarks.append(left_over(claimed, rest))
    return claimed


def cut_off(path: object, claimed: int, there: int) -> UmtnError:
    """Say that there is less than a header counts."""
    return UmtnError(
        f"{path} is cut off: of {claimed} bytes of sound that its header counts, {max(0, there)} "
        "are there; copy it again."
    )


def left_over(claimed: int, rest: int) -> str:
    """Say that there is more than a header counts."""
    return (
        f"Behind the {claimed} bytes of sound that its header counts there are {rest} more that "
        "belong to nothing; they are not played."
    )


def too_many_chunks(path: object) -> UmtnError:
    """Say that there is no end of chunks."""
    return UmtnError(
        f"{path} is damaged: it has more than {MOST_CHUNKS} chunks, and real files a handful; "
        "export it again."
    )


def several(path: object) -> UmtnError:
    """Say that files were joined in a way that is not read."""
    return UmtnError(f"{path} is several files, one behind another; take them apart.")


def is_unknown(length: int) -> bool:
    """Whether a length stands for one that was not known when it was written."""
    return 0x7F000000 <= length <= 0x80000FFF or 0xFFFF0000 <= length <= 0xFFFFFFFF


def _is_zero(file: BinaryIO, place: int, length: int) -> bool:
    file.seek(place)
    while length > 0 and (block := file.read(min(length, 1 << 20))):
        if any(block):
            return False
        length -= len(block)
    return True
