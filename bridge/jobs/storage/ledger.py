"""What is known of every job, on the disk and to those who follow them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

import msgspec

from bridge.jobs.record import Record
from bridge.jobs.request import Job, RequestError
from bridge.jobs.storage.store import DISK_ERRORS, JobStore
from bridge.jobs.tasks import Tasks
from bridge.text import quoted

log = logging.getLogger(__name__)

OnJob = Callable[[Job], None]

#: A state that the disk did not take is offered to it again after so many seconds.
_RETRY_SECONDS = 1.0
_FLUSH_SECONDS = 10.0


class Ledger:
    """All jobs, by id, the oldest first.

    Parameters
    ----------
    store
        Where they are written down. Closed with the ledger.
    now
        Says at what time of the bridge's own a job ends.

    Attributes
    ----------
    records : dict
        Every job's record, by id.
    unreadable : dict of str to Unreadable
        What is stored and this version cannot read, by id; left alone.
    outputs : set of str
        The paths of results to come.
    """

    def __init__(self, store: JobStore, now: Callable[[], float]):
        self.records = {record.id: record for record in store.records}
        self.unreadable = store.unreadable
        self.outputs = {r.request.output for r in store.records if not r.finished}
        self.outputs |= {r.output for r in self.unreadable.values() if not r.finished}
        self._store = store
        self._now = now
        self._progress: dict[str, tuple[float, float | None]] = {}
        self._settling: set[str] = set()
        self._forgetting: set[str] = set()
        self._unwritten: set[str] = set()
        self._endings: dict[str, asyncio.Future[None]] = {}
        self._callbacks: dict[object, OnJob] = {}
        self._writes = Tasks()
        self._retries = Tasks()

    def record(self, id: str) -> Record:
        """Return a job's record.

        Raises
        ------
        RequestError
            If there is no such job.
        """
        record = self.records.get(id)
        if id in self.unreadable:
            raise RequestError(
                "unknown_id",
                f"The job {quoted(id)} was stored by a later version of umtn, or its record is "
                "damaged; update umtn, or send it again under another id.",
            )
        if record is None:
            raise RequestError("unknown_id", f"There is no job {quoted(id)}.")
        return record

    def job(self, id: str) -> Job:
        """Return a job as clients see it.

        Raises
        ------
        RequestError
            If there is no such job.
        """
        return self.record(id).job(*self._progress.get(id, ()))

    def subscribe(self, callback: OnJob) -> Callable[[], None]:
        """Tell somebody of every change, until what this returns is called."""
        key = object()
        self._callbacks[key] = callback

        def end() -> None:
            self._callbacks.pop(key, None)

        return end

    async def add(
        self, make: Callable[[frozenset[str]], list[Record]], thread: Executor
    ) -> list[Record]:
        """Take in new jobs, once they are on the disk; by one call at a time.

        Parameters
        ----------
        make
            Called with the outputs of other jobs; returns the new ones, none of whose outputs is
            among them.
        thread
            Where to call it, and to write down what it returns.

        Raises
        ------
        RequestError
            If the disk does not take them.
        """
        outputs = frozenset(self.outputs)
        try:
            records = await self._store.write_made(lambda: make(outputs), thread)
        except DISK_ERRORS as error:
            raise RequestError(
                "disk", f"The job cannot be stored: {error}; make room on the disk."
            ) from error
        for record in records:
            self.outputs.add(record.request.output)
            self.records[record.id] = record
            self._tell(record.id)
        return records

    def change(self, id: str, **changes: Any) -> Record:
        """Change a job that goes on, and write it down meanwhile."""
        record = self.records[id] = self._changed(id, changes)
        self._progress.pop(id, None)
        self._writes.spawn(self._write(record))
        self._tell(id)
        return record

    async def settle(self, id: str, **changes: Any) -> bool:
        """End a job, and tell of it once that is written down.

        Returns
        -------
        bool
            Whether it is; else the disk did not take it, and is asked again later.
        """
        record = self._changed(id, {**changes, "ended": self._now()})
        self._settling.add(id)
        try:
            written = await self._write(record)
        finally:
            self._settling.discard(id)
        self.records[id] = record
        self.outputs.discard(record.request.output)
        self._progress.pop(id, None)
        ending = self._endings.pop(id, None)
        if ending is not None:
            ending.set_result(None)
        self._tell(id)
        return written

    async def note(self, id: str, text: str, offer: str = "") -> None:
        """Put a note on a job and what it offers, whatever its state is, and write it down."""
        if id in self._settling:
            await self.ending(id)
        if id in self.records and id not in self._forgetting:
            noted = msgspec.structs.replace(self.records[id], note=text, offer=offer)
            self.records[id] = noted
            await self._write(noted)

    async def ending(self, id: str) -> None:
        """Wait until a job, which has not ended, is settled."""
        if id not in self._endings:
            self._endings[id] = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._endings[id])

    def progress(self, ids: Iterable[str], fraction: float, seconds_left: float | None) -> None:
        """Tell how far some running jobs are."""
        for id in ids:
            if self.records[id].state == "running":
                self._progress[id] = (fraction, seconds_left)
                self._tell(id)

    async def forget(self, ids: Iterable[str]) -> None:
        """Know nothing of some finished jobs any more.

        Raises
        ------
        OSError, sqlite3.Error
            If that cannot be written down.
        """
        gone = tuple(ids)
        self._forgetting.update(gone)
        try:
            if gone:
                await self._store.write(forgotten=gone)
            for id in gone:
                self.records.pop(id, None)
                self._unwritten.discard(id)
        finally:
            self._forgetting.difference_update(gone)

    async def close(self) -> None:
        """Write down what is left, and close the store."""
        await self._writes.wait(_FLUSH_SECONDS)
        await self._retries.cancel()
        await self._writes.cancel()
        left = [self.records[id] for id in self._unwritten if id in self.records]
        if left:
            try:
                await self._store.write(*left)
            except DISK_ERRORS as error:
                log.error("the states of %d jobs could not be stored: %s", len(left), error)
        await self._store.close()

    def _changed(self, id: str, changes: dict[str, Any]) -> Record:
        record = self.records[id]
        # Later than before even if the clock was set back: the store goes by it.
        updated = max(time.time(), record.updated + 1e-6)
        return msgspec.structs.replace(record, updated=updated, **changes)

    async def _write(self, record: Record) -> bool:
        try:
            await self._store.write(record)
        except DISK_ERRORS as error:
            log.error("the state of job %s cannot be stored for now: %s", record.id, error)
            self._unwritten.add(record.id)
            self._retries.spawn(self._write_later(record))
            return False
        self._unwritten.discard(record.id)
        return True

    async def _write_later(self, record: Record) -> None:
        await asyncio.sleep(_RETRY_SECONDS)
        if record.id in self._unwritten and record.id in self.records:
            await self._write(self.records[record.id])

    def _tell(self, id: str) -> None:
        if not self._callbacks:
            return
        job = self.job(id)
        for callback in list(self._callbacks.values()):
            try:
                callback(job)
            except Exception:
                log.exception("a subscriber failed")
