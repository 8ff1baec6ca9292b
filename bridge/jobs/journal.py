"""An append-only file of records: what the database lost by damage is found again here.

A power cut may take the last page of a database, or of its write-ahead log, and with it jobs that
clients were told are accepted. They are therefore written down twice. Each line is a checksum and
a record; a line that does not match its checksum is left out.

What is added is safe from a kill at once, and from a power cut after `Journal.sync`. The database
is synced before anything is acknowledged, so that this copy may follow a little later: requests
then wait for the disk once and not twice.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from bridge.jobs.record import Record

_HEADER = b"umtn-jobs 1\n"
_ENCODER = msgspec.json.Encoder()


class Forgotten(msgspec.Struct, frozen=True, tag=True):
    """A job that is no longer remembered."""

    id: str


class Kept(msgspec.Struct, frozen=True, tag=True):
    """A job's state from here on."""

    record: Record


_DECODER = msgspec.json.Decoder(Forgotten | Kept)


class Journal:
    """The file, open for appending.

    Parameters
    ----------
    path
        Of the file; made if it is missing.

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def __init__(self, path: Path):
        self._path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        self._good_end = os.fstat(self._file).st_size
        self.size = self._good_end

    def append(self, kept: Iterable[Record], forgotten: Iterable[str] = ()) -> None:
        """Add records, and hand them to the system.

        Raises
        ------
        OSError
            Nothing has been added then.
        """
        entries: list[Forgotten | Kept] = [Kept(record) for record in kept]
        entries += [Forgotten(id) for id in forgotten]
        lines = b"".join(map(_line, entries))
        try:
            _write(self._file, lines)
        except OSError:
            # Half a line would join the next one, and spoil both.
            os.ftruncate(self._file, self._good_end)
            raise
        self._good_end += len(lines)
        self.size = self._good_end

    def sync(self) -> None:
        """Bring what was added to the disk.

        Raises
        ------
        OSError
        """
        os.fsync(self._file)

    def cut(self, size: int) -> None:
        """Take off what was added since the journal had this size.

        Raises
        ------
        OSError
        """
        os.ftruncate(self._file, size)
        self._good_end = self.size = size

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_journal(path: Path) -> tuple[dict[str, Record], set[str]]:
    """Read what is whole in a journal.

    Returns
    -------
    records : dict
        The last of each job, by id.
    forgotten : set of str
        Jobs that were forgotten after all that.
    """
    records: dict[str, Record] = {}
    forgotten: set[str] = set()
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    for line in lines:
        entry = _entry(line)
        if isinstance(entry, Kept):
            records[entry.record.id] = entry.record
            forgotten.discard(entry.record.id)
        elif isinstance(entry, Forgotten):
            records.pop(entry.id, None)
            forgotten.add(entry.id)
    return records, forgotten


def rewrite_journal(path: Path, records: Iterable[Record]) -> None:
    """Replace a journal by one that holds these records, and no history."""
    beside = path.with_suffix(".new")
    file = os.open(
        beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600
    )
    try:
        _write(file, _HEADER + b"".join(_line(Kept(record)) for record in records))
        os.fsync(file)
    finally:
        os.close(file)
    os.replace(beside, path)


def _line(entry: Forgotten | Kept) -> bytes:
    text = _ENCODER.encode(entry)
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entry(line: bytes) -> Forgotten | Kept | None:
    checksum, _, text = line.partition(b" ")
    if len(checksum) != 8 or b"%08x" % zlib.crc32(text) != checksum:
        return None
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError:
        return None


def _write(file: int, contents: bytes) -> None:
    view = memoryview(contents)
    while view:
        view = view[os.write(file, view) :]
