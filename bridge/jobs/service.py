"""The jobs of a bridge, from the request to the result."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from bridge.jobs.acceptance import Acceptance
from bridge.jobs.data_folder import DataFolder
from bridge.jobs.local_engine import LocalEngine
from bridge.jobs.pruning import prune_results
from bridge.jobs.publish import leftover
from bridge.jobs.record import Record
from bridge.jobs.render_engine import (
    Batch,
    Began,
    Dropped,
    Failed,
    LostError,
    Order,
    Progressed,
    Rendered,
    RenderEngine,
    Report,
)  # fmt: skip
from bridge.jobs.request import Job, RenderRequest, RequestError, check_id
from bridge.jobs.settings import JobSettings
from bridge.jobs.store import DISK_ERRORS, JobStore
from bridge.jobs.waiting import Waiting
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

OnJob = Callable[[Job], None]

#: A state that the disk did not take is offered to it again after so many seconds.
_RETRY_SECONDS = 1.0
_PRUNE_SECONDS = 600.0
#: For a batch to be saved when the bridge stops.
_STOP_SECONDS = 30.0


class _Running:
    """A batch in a slot."""

    def __init__(self, slot: str, name: str, records: list[Record]):
        self.slot = slot
        self.name = name
        self.ids = [record.id for record in records]
        self.left = set(self.ids)
        self.settling: list[asyncio.Task[None]] = []
        self.fraction = 0.0
        self.seconds_left: float | None = None


class JobService:
    """Accepts, stores, schedules and reports on jobs. All methods belong to one event loop.

    Parameters
    ----------
    settings
        Folders and limits.
    engine
        Where to render; None, processes on this machine.
    """

    def __init__(self, settings: JobSettings, engine: RenderEngine | None = None):
        self._settings = settings
        self._given_engine = engine
        self._folder = DataFolder(settings.data_folder)
        self._records: dict[str, Record] = {}
        self._waiting = Waiting()
        self._running: dict[str, _Running] = {}
        self._arriving: dict[str, tuple[RenderRequest, asyncio.Task[None]]] = {}
        self._outputs: set[str] = set()
        self._cancelling: dict[str, asyncio.Future[None]] = {}
        self._callbacks: dict[object, OnJob] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Open the store, and go on with what was under way.

        Raises
        ------
        UmtnError
            If a folder cannot be used, or another bridge uses it.
        """
        await self._folder.lock()
        try:
            try:
                self._settings.session_folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UmtnError(
                    f"The session folder {self._settings.session_folder} cannot be made: "
                    f"{error.strerror}."
                ) from error
            self._acceptance = Acceptance(self._settings)
            self._accepting = ThreadPoolExecutor(1, thread_name_prefix="umtn-accept")
            self._store = JobStore(self._settings.data_folder)
            self._engine = self._given_engine or LocalEngine(self._settings, self._folder.inherited)
            await self._engine.start()
        except BaseException:
            self._folder.unlock()
            raise
        for record in self._store.records:
            self._take_up(record)
        unfinished = [r for r in self._records.values() if not r.finished]
        # What a kill has left half saved is of no use.
        saved = self._engine.saved() & {record.batch for record in unfinished}
        self._engine.forget_all_but(saved, [record.id for record in unfinished])
        self._spawn(self._prune_now_and_then())
        self._schedule()

    async def stop(self) -> None:
        """Save what is being rendered, and let go of everything."""
        if self._stopping:
            return
        self._stopping = True
        arriving = [task for _, task in self._arriving.values()]
        if arriving:
            await asyncio.wait(arriving, timeout=_STOP_SECONDS)
        rendering = [task for task in self._tasks if task.get_name() == "render"]
        for running in list(self._running.values()):
            await self._engine.pause(running.slot)
        if rendering:
            _, late = await asyncio.wait(rendering, timeout=_STOP_SECONDS)
            for running in list(self._running.values()):
                self._engine.kill(running.slot)
            if late:
                await asyncio.wait(late, timeout=_STOP_SECONDS)
        await self._engine.stop()
        await asyncio.to_thread(self._accepting.shutdown)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._store.close()
        self._folder.unlock()

    async def submit(self, request: RenderRequest) -> Job:
        """Accept a request; once this returns, it is on the disk.

        Raises
        ------
        RequestError
            If it is refused. Nothing of it is kept then.
        """
        known = self._known(request)
        if known is not None:
            return known
        asked, arrival = self._arriving.get(request.id, (request, None))
        if asked != request:
            raise _id_in_use(request.id)
        if arrival is None:
            if len(self._waiting) + len(self._arriving) >= self._settings.most_queued:
                raise RequestError(
                    "busy", "Too many jobs are waiting; try again when some are done."
                )
            # A task of its own: whoever asked may go away in the midst of it.
            arrival = self._spawn(self._accept(request), "accept")
            self._arriving[request.id] = (request, arrival)
            arrival.add_done_callback(lambda _: self._arriving.pop(request.id, None))
        try:
            await asyncio.shield(arrival)
        except asyncio.CancelledError:
            if arrival.cancelled():
                raise _stopped() from None
            raise
        return self.get(request.id)

    async def cancel(self, id: str) -> Job:
        """Cancel a job; on one that has ended this changes nothing.

        Raises
        ------
        RequestError
            If there is no such job.
        """
        if id in self._arriving:
            with contextlib.suppress(RequestError):
                await asyncio.shield(self._arriving[id][1])
        record = self._record(id)
        if record.finished:
            return self.get(id)
        if id in self._waiting:
            self._waiting.discard(id)
            await self._settle(record, state="cancelled")
            return self.get(id)
        ended = self._cancelling.get(id)
        if ended is None:
            ended = self._cancelling[id] = asyncio.get_running_loop().create_future()
            for running in self._running.values():
                if id in running.left:
                    await self._engine.cancel(running.slot, id)
        await asyncio.shield(ended)
        return self.get(id)

    def get(self, id: str) -> Job:
        """Return a job as it is now.

        Raises
        ------
        RequestError
            If there is no such job.
        """
        record = self._record(id)
        for running in self._running.values():
            if id in running.left and record.state == "running":
                return record.job(running.fraction, running.seconds_left)
        return record.job()

    def jobs(self) -> list[Job]:
        """Return all jobs, the oldest first."""
        return [self.get(id) for id in self._records]

    def subscribe(self, callback: OnJob) -> Callable[[], None]:
        """Have every change of every job told.

        Parameters
        ----------
        callback
            Called on the event loop at every change of state, and several times a second with
            the progress of each running job.

        Returns
        -------
        callable
            That ends it.
        """
        key = object()
        self._callbacks[key] = callback

        def end() -> None:
            self._callbacks.pop(key, None)

        return end

    def _known(self, request: RenderRequest) -> Job | None:
        check_id(request.id)
        if self._stopping:
            raise _stopped()
        record = self._records.get(request.id)
        if record is None:
            return None
        if record.asked != request:
            raise _id_in_use(request.id)
        return self.get(request.id)

    async def _accept(self, request: RenderRequest) -> None:
        loop = asyncio.get_running_loop()
        try:
            record = await loop.run_in_executor(self._accepting, self._acceptance.accept, request)
        except RuntimeError as error:
            raise _stopped() from error  # its thread has ended
        output = record.request.output
        if output in self._outputs:
            raise RequestError("exists", f"Another job will write {output}; choose another name.")
        self._outputs.add(output)
        try:
            await self._store.write(record)
        except DISK_ERRORS as error:
            self._outputs.discard(output)
            raise RequestError(
                "disk", f"The job cannot be stored: {error}; make room on the disk."
            ) from error
        except BaseException:
            self._outputs.discard(output)
            raise
        self._records[record.id] = record
        self._waiting.add(record)
        self._tell(record.id)
        self._schedule()

    def _take_up(self, record: Record) -> None:
        """Go on with a job that was stored."""
        if record.state == "running":
            _clean_up(record)
            record = msgspec.structs.replace(record, state="queued")
        self._records[record.id] = record
        if not record.finished:
            self._outputs.add(record.request.output)
            self._waiting.add(record)

    def _schedule(self) -> None:
        """Fill the free slots."""
        while not self._stopping and len(self._waiting):
            saved = self._engine.saved()
            records = self._waiting.take(
                lambda engine: self._free_slot(engine) is not None,
                self._settings.together,
                saved,
            )
            if not records:
                return
            slot = self._free_slot(records[0].request.engine)
            assert slot is not None
            name = records[0].batch if records[0].batch in saved else secrets.token_hex(8)
            self._running[slot] = _Running(slot, name, records)
            self._spawn(self._render(self._running[slot]), "render")

    def _free_slot(self, engine: str) -> str | None:
        free = (s for s in self._engine.slots_for(engine) if s not in self._running)
        return next(free, None)

    async def _render(self, running: _Running) -> None:
        orders = [self._records[id] for id in running.ids]
        batch = Batch(running.name, tuple(map(_order, orders)))
        lost: str | None = None
        try:
            await self._engine.render(
                running.slot, batch, lambda report: self._on_report(running, report)
            )
        except LostError as error:
            lost = str(error)
        except Exception as error:
            log.exception("a render ended in an unexpected way")
            lost = f"could not be used ({error})"
        await asyncio.gather(*running.settling)
        await self._end(running, lost)
        del self._running[running.slot]
        self._schedule()

    def _on_report(self, running: _Running, report: Report) -> None:
        """Take note of what an engine says of a batch."""
        if isinstance(report, Began):
            self._on_began(running, report)
        elif isinstance(report, Progressed):
            running.fraction, running.seconds_left = report.fraction, report.seconds_left
            for id in running.left:
                if self._records[id].state == "running":
                    self._tell(id)
        elif isinstance(report, Rendered):
            size, mtime_ns = report.size, report.mtime_ns
            self._on_ended(
                running, report.id, state="done", output_size=size, output_mtime_ns=mtime_ns
            )
        elif isinstance(report, Failed):
            self._on_ended(
                running, report.id, state="failed", code=report.code, message=report.message
            )
        elif isinstance(report, Dropped):
            self._on_ended(running, report.id, state="cancelled")

    def _on_began(self, running: _Running, report: Began) -> None:
        for id in list(running.left):
            if id in report.ids:
                self._change(self._records[id], state="running", batch=running.name)
                continue
            running.left.discard(id)
            if id in self._cancelling:
                running.settling.append(
                    self._spawn(self._settle(self._records[id], state="cancelled"))
                )
            else:
                self._waiting.add(self._records[id])
        self._schedule()

    def _on_ended(self, running: _Running, id: str, **changes: Any) -> None:
        if id in running.left:
            running.left.discard(id)
            running.settling.append(self._spawn(self._settle(self._records[id], **changes)))

    async def _end(self, running: _Running, lost: str | None) -> None:
        """Decide what becomes of the jobs that a batch has left."""
        alone = len(running.left) == 1
        is_saved = running.name in self._engine.saved()
        goes_on = False
        for id in sorted(running.left):
            record = self._records[id]
            if lost is not None:
                _clean_up(record)
            if id in self._cancelling:
                await self._settle(record, state="cancelled")
            elif lost is None or self._stopping:
                self._wait_again(record, batch=running.name if is_saved else "")
                goes_on = True
            elif alone and record.crashes:
                await self._settle(record, state="failed", code="failed", message=_twice(lost))
            elif is_saved and not record.crashes:
                self._wait_again(record, batch=running.name, crashes=1)
                goes_on = True
            else:
                # Not together a second time: one of them may be what ends the worker.
                self._wait_again(record, batch="", crashes=1)
        if not goes_on:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._engine.forget, running.name, running.ids)

    def _wait_again(self, record: Record, **changes: Any) -> None:
        self._waiting.add(self._change(record, state="queued", **changes))

    def _change(self, record: Record, **changes: Any) -> Record:
        """Change a job, which goes on, and write it down meanwhile."""
        record = _changed(record, **changes)
        self._records[record.id] = record
        self._spawn(self._write(record))
        self._tell(record.id)
        return record

    async def _settle(self, record: Record, **changes: Any) -> None:
        """End a job, and tell of it once that is written down."""
        record = _changed(record, **changes)
        await self._write(record)
        self._records[record.id] = record
        self._outputs.discard(record.request.output)
        waiting = self._cancelling.pop(record.id, None)
        if waiting is not None:
            waiting.set_result(None)
        self._tell(record.id)

    async def _write(self, record: Record) -> None:
        try:
            await self._store.write(record)
        except DISK_ERRORS as error:
            log.error("the state of job %s cannot be stored, to be tried again: %s",
                      record.id, error)  # fmt: skip
            self._spawn(self._write_later(record))

    async def _write_later(self, record: Record) -> None:
        await asyncio.sleep(_RETRY_SECONDS)
        if self._records.get(record.id) == record:
            await self._write(record)

    async def _prune_now_and_then(self) -> None:
        while True:
            try:
                await self.prune()
            except Exception:
                log.exception("old jobs could not be pruned")
            await asyncio.sleep(_PRUNE_SECONDS)

    async def prune(self) -> None:
        """Forget old jobs and delete old results, as the settings say."""
        gone = await asyncio.to_thread(
            prune_results, list(self._records.values()), self._settings, time.time()
        )
        if gone:
            await self._store.write(forgotten=tuple(gone))
            for id in gone:
                self._records.pop(id, None)

    def _tell(self, id: str) -> None:
        job = self.get(id)
        for callback in list(self._callbacks.values()):
            try:
                callback(job)
            except Exception:
                log.exception("a subscriber failed")

    def _record(self, id: str) -> Record:
        record = self._records.get(id)
        if record is None:
            raise RequestError("unknown_id", f"There is no job {id!r}.")
        return record

    def _spawn(self, work: Coroutine[Any, Any, None], name: str = "") -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _order(record: Record) -> Order:
    return Order(record.request, record.input_size, record.input_mtime_ns)


def _changed(record: Record, **changes: Any) -> Record:
    # Later than before even if the clock was set back: the store goes by it.
    updated = max(time.time(), record.updated + 1e-6)
    return msgspec.structs.replace(record, updated=updated, **changes)


def _clean_up(record: Record) -> None:
    with contextlib.suppress(OSError):
        leftover(record.id, Path(record.request.output)).unlink(missing_ok=True)


def _twice(lost: str) -> str:
    return (
        f"The render worker {lost}, and so again when the job was tried once more; "
        "render a shorter region or use another engine, and close programs that take memory."
    )


def _id_in_use(id: str) -> RequestError:
    return RequestError(
        "id_in_use", f"The id {id!r} belongs to another request; choose one that is new."
    )


def _stopped() -> RequestError:
    return RequestError("busy", "The bridge is stopping; send the request again later.")
