"""The SQLite database of jobs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from bridge.jobs.record import Record
from bridge.jobs.storage.unreadable import Unreadable, read_record
from umtn_core.errors import UmtnError

#: Kept in the database's own header as its user_version.
SCHEMA = 1

_ENCODER = msgspec.json.Encoder()

#: The columns beside the record are for people who look in with another tool.
_TABLE = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, updated REAL NOT NULL, record BLOB NOT NULL
) WITHOUT ROWID
"""


class Database:
    """An open database that is sound.

    Parameters
    ----------
    path
        The file; made if it is missing.

    Raises
    ------
    sqlite3.DatabaseError
        If it is damaged.
    UmtnError
        If a later version of umtn has made it.
    """

    def __init__(self, path: Path):
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(path)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, path: Path) -> None:
        execute = self._connection.execute
        execute("PRAGMA journal_mode=WAL")
        # Sound after a power cut, but for what was committed just before it: the journal has that.
        execute("PRAGMA synchronous=NORMAL")
        # Usually done when there is nothing else to do, see `sync`; in megabytes this is 16.
        execute("PRAGMA wal_autocheckpoint=4000")
        (verdict,) = execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        (schema,) = execute("PRAGMA user_version").fetchone()
        if schema > SCHEMA:
            raise UmtnError(
                f"{path} was written by a later version of umtn; update umtn, or choose another "
                "data folder."
            )
        if schema == 0:
            with self._transaction():
                execute(_TABLE)
                execute(f"PRAGMA user_version={SCHEMA}")
        # Another tool may have put in ids as bytes. What has the id as text as well is the newer.
        execute("UPDATE OR IGNORE jobs SET id = CAST(id AS TEXT) WHERE typeof(id) != 'text'")

    def records(self) -> Iterator[Record | Unreadable]:
        """Read all records."""
        for id, text in self._connection.execute(
            "SELECT id, record FROM jobs WHERE typeof(id) = 'text'"
        ):
            yield read_record(_bytes(text), id)

    def write(self, kept: Iterable[Record | Unreadable], forgotten: Iterable[str] = ()) -> None:
        """Put records into the database and take others out, all or nothing.

        Raises
        ------
        sqlite3.Error
        """
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?)",
                [(r.id, r.state, r.updated, _text(r)) for r in kept],
            )
            self._connection.executemany(
                "DELETE FROM jobs WHERE id = ?", [(id,) for id in forgotten]
            )

    def sync(self) -> None:
        """Bring what was committed to the disk.

        Raises
        ------
        sqlite3.Error
        """
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the database, and bring all into its one file."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


def _text(record: Record | Unreadable) -> bytes:
    return record.text if isinstance(record, Unreadable) else _ENCODER.encode(record)


def _bytes(text: object) -> bytes:
    """Take a column's contents as they are, whichever type another tool has given them."""
    return text if isinstance(text, bytes) else str(text).encode(errors="surrogateescape")


def salvage(path: Path) -> list[Record | Unreadable]:
    """Read whatever can still be read of a damaged database."""
    found: list[Record | Unreadable] = []
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for order in ("ASC", "DESC"):
                # A damaged page ends a walk through the table; the other end may be whole.
                with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
                    for id, text in connection.execute(
                        f"SELECT CAST(id AS TEXT), record FROM jobs ORDER BY id {order}"
                    ):
                        record = read_record(_bytes(text), id)
                        # What is rubbish stays in the file that is set aside.
                        if record.state:
                            found.append(record)
    except sqlite3.Error:
        pass
    return found


def set_aside(path: Path) -> Path:
    """Move a damaged database out of the way, replacing one that was set aside earlier."""
    aside = path.with_name(f"damaged-{path.name}")
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{ending}", f"{aside}{ending}")
    with contextlib.suppress(OSError):
        os.utime(aside, (time.time(), time.time()))
    return aside
