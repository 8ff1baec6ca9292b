"""An append-only file of records: what the database lost by damage is found again here.

A power cut may take the last page of a database, or of its write-ahead log, and with it jobs that
clients were told are accepted. They are therefore written down twice. Each line is a checksum and
a record; a line that does not match its checksum is left out.

What is added is on the disk when `Journal.append` returns; a database's own commits, which change
several pages and the length of a file, take a disk ten times as long now and then. Lines go into
space that was written before, so that bringing them to the disk changes nothing but that space.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bridge.jobs.disk import sync_data
from bridge.jobs.record import Record
from bridge.jobs.storage.unreadable import Unreadable, read_record
from umtn_core.audio.whole_file import sync_folder
from umtn_core.errors import UmtnError

_FORM = 1
_NAME = b"umtn-jobs"
_HEADER = b"%s %d\n" % (_NAME, _FORM)
#: Bytes written ahead at a time; they are zeros until they are used, which no line is.
_SPACE = 1 << 20
_ENCODER = msgspec.json.Encoder()


class Forgotten(msgspec.Struct, frozen=True, tag=True):
    """A job that is no longer remembered."""

    id: str


class Kept(msgspec.Struct, frozen=True, tag=True):
    """A job's state from here on."""

    record: Record | msgspec.Raw


class Text(msgspec.Struct, frozen=True, tag=True):
    """A record that does not say in JSON, on one line, whose it is."""

    id: str
    text: bytes


class _KeptText(msgspec.Struct, frozen=True, tag="Kept"):
    """A job's state, not looked at yet."""

    record: msgspec.Raw


_DECODER = msgspec.json.Decoder(Forgotten | _KeptText | Text)


@dataclass
class JournalContents:
    """What is whole in a journal.

    Parameters
    ----------
    records
        The last record of each job, by id.
    forgotten
        Ids of jobs that were forgotten after all that.
    strange
        Entries that tell this version nothing, as they are written.
    """

    records: dict[str, Record | Unreadable] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    strange: list[bytes] = field(default_factory=list)


class Journal:
    """The file, made anew from what is known and then added to.

    Parameters
    ----------
    path
        The file; replaced if it is there.
    records
        The records that it begins with.
    strange
        Further entries that it begins with, as they are written.

    Raises
    ------
    OSError
        If it cannot be written; a file that is there stays as it is.

    Attributes
    ----------
    size : int
        The number of bytes written so far.
    """

    def __init__(
        self, path: Path, records: Iterable[Record | Unreadable], strange: Iterable[bytes] = ()
    ):
        entries = [*map(_kept, records), *strange]
        beginning = _HEADER + b"".join(map(_line, entries))
        beside = path.with_suffix(".new")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        self._file = os.open(beside, flags, 0o600)
        self.size = self._space = 0
        try:
            self._add(beginning)
            os.replace(beside, path)
        except BaseException:
            os.close(self._file)
            raise
        sync_folder(path.parent)

    def append(self, kept: Iterable[Record], forgotten: Iterable[str] = ()) -> None:
        """Bring records to the disk.

        Raises
        ------
        OSError
            Nothing has been added then.
        """
        entries = [_kept(record) for record in kept]
        entries += [_ENCODER.encode(Forgotten(id)) for id in forgotten]
        self._add(b"".join(map(_line, entries)))

    def cut(self, size: int) -> None:
        """Take off what was added since the journal had this size.

        Raises
        ------
        OSError
        """
        os.ftruncate(self._file, size)
        self.size = self._space = size
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file, without the space that is left in it."""
        try:
            os.ftruncate(self._file, self.size)
        finally:
            os.close(self._file)

    def _add(self, lines: bytes) -> None:
        before, end = self.size, self.size + len(lines)
        if end > self._space:
            self._write_ahead(end + _SPACE)
        try:
            self._write(before, lines)
            sync_data(self._file)
        except OSError:
            # Half a line would join the next one, and spoil both.
            self.cut(before)
            raise
        self.size = end
        self._space = max(self._space, end)

    def _write_ahead(self, end: int) -> None:
        try:
            self._write(self._space, bytes(end - self._space))
            os.fsync(self._file)
        except OSError:
            # A disk that is all but full may still have room for the lines.
            os.ftruncate(self._file, self._space)
        else:
            self._space = end

    def _write(self, place: int, contents: bytes) -> None:
        os.lseek(self._file, place, os.SEEK_SET)
        view = memoryview(contents)
        while view:
            view = view[os.write(self._file, view) :]


def read_journal(path: Path) -> JournalContents:
    """Read what is whole in a journal.

    Raises
    ------
    UmtnError
        If a later version of umtn has written it in another form.
    """
    found = JournalContents()
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    name, _, form = (lines or [b""])[0].partition(b" ")
    if name == _NAME and form.isdigit() and int(form) > _FORM:
        raise UmtnError(
            f"{path} was written by a later version of umtn; update umtn, or choose another "
            "data folder."
        )
    for line in lines:
        checksum, _, text = line.partition(b" ")
        if len(checksum) == 8 and b"%08x" % zlib.crc32(text) == checksum:
            _add_entry(found, text)
    # One copy of each is enough, however many there are.
    found.strange = list(dict.fromkeys(found.strange))
    return found


def _add_entry(found: JournalContents, text: bytes) -> None:
    try:
        entry = _DECODER.decode(text)
    except msgspec.DecodeError:
        found.strange.append(text)
        return
    if isinstance(entry, Forgotten):
        found.records.pop(entry.id, None)
        found.forgotten.add(entry.id)
        return
    if isinstance(entry, Text):
        record = read_record(entry.text, entry.id)
    else:
        record = read_record(bytes(entry.record))
    if record.id:
        found.records[record.id] = record
        found.forgotten.discard(record.id)
    else:
        found.strange.append(text)


def _kept(record: Record | Unreadable) -> bytes:
    if not isinstance(record, Unreadable):
        return _ENCODER.encode(Kept(record))
    if b"\n" in record.text or read_record(record.text).id != record.id:
        return _ENCODER.encode(Text(record.id, record.text))
    return _ENCODER.encode(Kept(msgspec.Raw(record.text)))


def _line(text: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(text), text)
