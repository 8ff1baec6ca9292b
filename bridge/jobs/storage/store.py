"""Where jobs are written down: a database, and a journal beside it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from bridge.jobs.record import Record
from bridge.jobs.storage.database import Database, salvage, set_aside
from bridge.jobs.storage.journal import Journal, read_journal
from bridge.jobs.storage.unreadable import Unreadable
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

DATABASE = "jobs.sqlite"
JOURNAL = "jobs.journal"

#: A journal beyond this is written anew without its history.
LARGEST_JOURNAL = 8 << 20

#: The database is brought to the disk when nothing was written for so long. The journal has it all
#: before anybody is told, so that those who wait for an answer do not wait for both.
SYNC_SECONDS = 1.0

#: What a disk that is full or gone raises, by way of either file.
DISK_ERRORS = (OSError, sqlite3.Error)


class JobStore:
    """Records of jobs that survive kills and power cuts.

    Writes asked for at about the same time become one transaction, so that a thousand
    requests at once wait for the disk together and not one after another.

    Parameters
    ----------
    folder
        The folder that holds the files; there already.

    Raises
    ------
    UmtnError
        If the files cannot be opened.

    Attributes
    ----------
    records : list of Record
        What was found on opening, oldest first.
    unreadable : dict of str to Unreadable
        What was found and is of a later version, or damaged, by id. It stays as it is, and nothing
        may be written under these ids.
    """

    def __init__(self, folder: Path):
        self._journal_path = folder / JOURNAL
        try:
            self._database, known, self._strange = _open(folder / DATABASE, self._journal_path)
            self._journal = Journal(self._journal_path, known.values(), self._strange)
        except DISK_ERRORS as error:
            raise UmtnError(f"The job store in {folder} cannot be opened: {error}.") from error
        self._live = {r.id: r for r in known.values() if isinstance(r, Record)}
        self.records = sorted(self._live.values(), key=lambda record: record.created)
        self.unreadable = {r.id: r for r in known.values() if isinstance(r, Unreadable)}
        if self.unreadable or self._strange:
            log.warning(
                "%d stored jobs are of a later version of umtn, or damaged; they are kept as they "
                "are, and go on when a version that knows them is started",
                len(self.unreadable) + len(self._strange),
            )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="umtn-store")
        self._writing = threading.Lock()
        self._waiting: list[tuple[list[Record], list[str], asyncio.Future[None]]] = []
        self._flush: asyncio.Task[None] | None = None
        self._sync: asyncio.TimerHandle | None = None

    async def write(self, *kept: Record, forgotten: tuple[str, ...] = ()) -> None:
        """Bring records to the disk, and take others off it.

        Raises
        ------
        OSError, sqlite3.Error
            If the disk does not take them; nothing has been stored then.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((list(kept), list(forgotten), written))
        if self._flush is None:
            self._flush = asyncio.create_task(self._flush_all())
        await asyncio.shield(written)

    async def write_made(self, make: Callable[[], list[Record]], thread: Executor) -> list[Record]:
        """Have new records made in another thread, which brings them to the disk itself.

        Raises
        ------
        OSError, sqlite3.Error
            If the disk does not take them; nothing has been stored then.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(thread, self._write_made, make)
        finally:
            self._sync_soon()

    async def close(self) -> None:
        """Write what waits, and close the files."""
        if self._flush is not None:
            await self._flush
        if self._sync is not None:
            self._sync.cancel()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _flush_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                kept = {record.id: record for records, _, _ in waiting for record in records}
                forgotten = [id for _, ids, _ in waiting for id in ids]
                error: Exception | None = None
                try:
                    await loop.run_in_executor(self._thread, self._write, kept, forgotten)
                except Exception as caught:  # whoever waits is to hear of it
                    error = caught
                for _, _, written in waiting:
                    if written.done():
                        continue
                    if error is None:
                        written.set_result(None)
                    else:
                        written.set_exception(error)
        finally:
            self._flush = None
            self._sync_soon()

    def _sync_soon(self) -> None:
        if self._sync is not None:
            self._sync.cancel()
        loop = asyncio.get_running_loop()
        self._sync = loop.call_later(SYNC_SECONDS, self._begin_sync)

    def _begin_sync(self) -> None:
        self._sync = None
        self._thread.submit(self._sync_database)

    def _sync_database(self) -> None:
        try:
            with self._writing:
                self._database.sync()
        except sqlite3.Error as error:
            log.warning("the database of jobs cannot be brought to the disk: %s", error)

    def _write_made(self, make: Callable[[], list[Record]]) -> list[Record]:
        records = make()
        if records:
            self._write({record.id: record for record in records}, [])
        return records

    def _write(self, kept: dict[str, Record], forgotten: list[str]) -> None:
        with self._writing:
            self._write_alone(kept, forgotten)

    def _write_alone(self, kept: dict[str, Record], forgotten: list[str]) -> None:
        for id in forgotten:
            kept.pop(id, None)
        before = self._journal.size
        self._journal.append(kept.values(), forgotten)
        try:
            self._database.write(kept.values(), forgotten)
        except sqlite3.Error:
            # Otherwise a job that was refused would be found here by the next start.
            self._journal.cut(before)
            raise
        self._live.update(kept)
        for id in forgotten:
            self._live.pop(id, None)
        if self._journal.size > LARGEST_JOURNAL + 2000 * len(self._live):
            self._renew_journal()

    def _renew_journal(self) -> None:
        try:
            self._database.sync()
            known: list[Record | Unreadable] = [*self._live.values(), *self.unreadable.values()]
            renewed = Journal(self._journal_path, known, self._strange)
        except DISK_ERRORS as error:
            log.warning("the journal of jobs cannot be written without its history: %s", error)
            return
        self._journal.close()
        self._journal = renewed

    def _close(self) -> None:
        self._database.close()
        self._journal.close()


def _open(
    database_path: Path, journal_path: Path
) -> tuple[Database, dict[str, Record | Unreadable], list[bytes]]:
    """Open a database, with all that it and the journal know between them in it."""
    journal = read_journal(journal_path)
    known: dict[str, Record | Unreadable]
    try:
        database = Database(database_path)
        known = {record.id: record for record in database.records()}
        there = set(known)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "unable to open" in str(error):
            raise
        known = {record.id: record for record in salvage(database_path)}
        aside = set_aside(database_path)
        log.warning(
            "the job database was damaged (%s) and is now %s; its jobs come from the journal",
            error, aside,
        )  # fmt: skip
        database, there = Database(database_path), set()
    for id in journal.forgotten:
        known.pop(id, None)
    mended = {id: r for id, r in journal.records.items() if _is_newer(r, known.get(id))}
    known |= mended
    missing = {id: record for id, record in known.items() if id not in there} | mended
    database.write(missing.values(), journal.forgotten)
    database.sync()  # the journal is to begin without its history
    return database, known, journal.strange


def _is_newer(record: Record | Unreadable, other: Record | Unreadable | None) -> bool:
    if isinstance(record, Record) and isinstance(other, Unreadable):
        # Of two copies of the same, the one that can be read is not the damaged one.
        return record.updated >= other.updated
    return (
        other is None
        or (record.finished and not other.finished)
        or (record.updated > other.updated and record.finished >= other.finished)
    )
