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
    """

    def __init__(self, folder: Path):
        self._journal_path = folder / JOURNAL
        try:
            self._database, records = _open(folder / DATABASE, self._journal_path)
            self._journal = Journal(self._journal_path, records)
        except DISK_ERRORS as error:
            raise UmtnError(f"The job store in {folder} cannot be opened: {error}.") from error
        self._live = {record.id: record for record in records}
        self.records = sorted(records, key=lambda record: record.created)
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
            renewed = Journal(self._journal_path, self._live.values())
        except DISK_ERRORS as error:
            log.warning("the journal of jobs cannot be written without its history: %s", error)
            return
        self._journal.close()
        self._journal = renewed

    def _close(self) -> None:
        self._database.close()
        self._journal.close()


def _open(database_path: Path, journal_path: Path) -> tuple[Database, list[Record]]:
    """Open a database, with all that it and the journal know between them in it."""
    journal, forgotten = read_journal(journal_path)
    try:
        database = Database(database_path)
        records = {record.id: record for record in database.records()}
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "unable to open" in str(error):
            raise
        found = {record.id: record for record in salvage(database_path)}
        aside = set_aside(database_path)
        log.warning(
            "the job database was damaged (%s) and is now %s; its jobs come from the journal",
            error, aside,
        )  # fmt: skip
        database, records = Database(database_path), found
    for id in forgotten:
        records.pop(id, None)
    mended = [r for r in journal.values() if _is_newer(r, records.get(r.id))]
    records.update((record.id, record) for record in mended)
    database.write(records.values(), forgotten)
    database.sync()  # the journal is to begin without its history
    return database, list(records.values())


def _is_newer(record: Record, other: Record | None) -> bool:
    return (
        other is None
        or (record.finished and not other.finished)
        or (record.updated > other.updated and record.finished >= other.finished)
    )
