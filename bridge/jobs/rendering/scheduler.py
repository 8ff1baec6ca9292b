"""Which jobs are rendered when, and what becomes of those whose render was lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from pathlib import Path
from typing import Any

from bridge.jobs.own import is_own
from bridge.jobs.record import Record
from bridge.jobs.rendering.losses import Losses, why_no_more
from bridge.jobs.rendering.publish import leftover
from bridge.jobs.rendering.renderer import (
    Began,
    Dropped,
    Failed,
    JobBatch,
    LostError,
    Order,
    Progressed,
    Rendered,
    Renderer,
    Report,
)
from bridge.jobs.rendering.waiting import Waiting
from bridge.jobs.storage.ledger import Ledger
from bridge.jobs.tasks import Tasks

log = logging.getLogger(__name__)

#: For a batch to be saved when the bridge stops.
_STOP_SECONDS = 30.0


class _Running:
    """A batch in a slot, and which of its jobs have not ended."""

    def __init__(self, slot: str, name: str, records: list[Record], saved: int | None):
        self.slot = slot
        self.name = name
        self.saved = saved
        self.left = {record.id for record in records}
        self.gives_way = False
        #: Whether the renderer has nothing to do with it any more.
        self.is_over = False
        self.settling: dict[str, asyncio.Task[bool]] = {}


class Scheduler:
    """Keeps the slots of a renderer busy.

    Parameters
    ----------
    ledger
        What is known of every job.
    renderer
        What renders; started already.
    together
        The number of jobs in a batch, at most.

    Attributes
    ----------
    waiting : Waiting
        The jobs that no slot has.
    """

    def __init__(self, ledger: Ledger, renderer: Renderer, together: int):
        self._ledger = ledger
        self._renderer = renderer
        self._together = together
        self.waiting = Waiting()
        self._running: dict[str, _Running] = {}
        self._cancelling: set[str] = set()
        self._losses = Losses()
        #: Batches that jobs are saved in which only another version can go on with.
        self._left_alone = {record.batch for record in ledger.unreadable.values()}
        self._renders = Tasks()
        self._settles = Tasks()
        self._stopping = False

    def take_up(self) -> None:
        """Begin with the jobs that were stored, where the last bridge has left off."""
        unfinished = [r for r in self._ledger.records.values() if not r.finished]
        for record in unfinished:
            if record.state == "running":
                _clean_up(record)
                record = self._ledger.change(record.id, state="queued")
            self.waiting.add(record)
        # What a kill has left half saved is of no use.
        others = self._ledger.unreadable
        saved = {record.batch for record in unfinished}.intersection(self._renderer.saved())
        ids = [*(record.id for record in unfinished), *others]
        self._renderer.forget_all_but(saved | self._left_alone, ids)
        self.fill()

    def add(self, record: Record) -> None:
        """Let a new job wait; one of the bridge's own that runs makes way for a client's."""
        self.waiting.add(record)
        self.fill()
        if record.id in self.waiting and not is_own(record.id):
            self._make_way(record.request.engine)

    async def cancel(self, id: str) -> None:
        """Cancel a job that has not ended, and wait until it has, in whatever way.

        It is done, and not cancelled, from the moment that its result has its name.
        """
        if id in self.waiting:
            self.waiting.discard(id)
            # Whoever asked may go away in the midst of it.
            await asyncio.shield(self._settles.spawn(self._cancel_waiting(id)))
            return
        if id not in self._cancelling:
            self._cancelling.add(id)
            for running in self._running.values():
                if id in running.left:
                    await self._renderer.cancel(running.slot, id)
        if not self._ledger.record(id).finished:
            await self._ledger.ending(id)
        self._cancelling.discard(id)

    async def stop(self) -> None:
        """Have what is rendered saved, and begin nothing more."""
        self._stopping = True
        for running in list(self._running.values()):
            await self._renderer.pause(running.slot)
        if not await self._renders.wait(_STOP_SECONDS):
            for running in list(self._running.values()):
                self._renderer.kill(running.slot)
            await self._renders.wait(_STOP_SECONDS)
        await self._renders.cancel()
        await self._settles.wait(_STOP_SECONDS)

    def fill(self) -> None:
        """Give batches to the free slots."""
        while not self._stopping and self.waiting.can_run(self._has_room):
            saved = self._renderer.saved()
            records = self.waiting.take(self._has_room, self._together, saved)
            slot = self._free_slot(records[0].request.engine)
            assert slot is not None
            name = records[0].batch if records[0].batch in saved else secrets.token_hex(8)
            self._running[slot] = _Running(slot, name, records, saved.get(name))
            self._renders.spawn(self._render(self._running[slot], records))

    def _make_way(self, engine: str) -> None:
        """Have what only the bridge itself waits for saved and stopped, in a slot for an engine."""
        for slot in self._renderer.slots_for(engine):
            running = self._running.get(slot)
            if running and running.left and all(map(is_own, running.left)):
                if not running.gives_way:
                    running.gives_way = True
                    self._settles.spawn(self._pause(running))
                return

    async def _pause(self, running: _Running) -> None:
        # What is asked of a slot whose batch is over would be done to the next one.
        if not running.is_over:
            await self._renderer.pause(running.slot)

    def _has_room(self, engine: str) -> bool:
        return self._free_slot(engine) is not None

    def _free_slot(self, engine: str) -> str | None:
        free = (s for s in self._renderer.slots_for(engine) if s not in self._running)
        return next(free, None)

    async def _render(self, running: _Running, records: list[Record]) -> None:
        lost: LostError | None = None
        try:
            await self._renderer.render(
                running.slot,
                JobBatch(running.name, tuple(map(_order, records))),
                lambda report: self._on_report(running, report),
            )
        except LostError as error:
            lost = error
        except Exception as error:
            log.exception("a render ended in an unexpected way")
            lost = LostError(f"could not be used ({error})")
        running.is_over = True
        try:
            goes_on = self._end(running, lost)
            # Of what is not written down the next bridge must find all that there is.
            written = [id for id, task in running.settling.items() if await task]
            over = not goes_on and len(written) == len(running.settling)
            await self.forget(written, running.name if over else "")
        finally:
            del self._running[running.slot]
            self.fill()

    def _on_report(self, running: _Running, report: Report) -> None:
        """Take note of what the renderer says of a batch."""
        if isinstance(report, Began):
            self._on_began(running, report)
        elif isinstance(report, Progressed):
            self._ledger.progress(running.left, report.fraction, report.seconds_left)
        elif report.id not in running.left:
            log.warning("the renderer reported on job %s, which it has not", report.id)
        elif isinstance(report, Rendered):
            self._settle(running, report.id, **_done(report))
        elif isinstance(report, Failed):
            self._settle(
                running, report.id, state="failed", code=report.code, message=report.message
            )
        elif isinstance(report, Dropped):
            self._settle(running, report.id, state="cancelled")

    def _on_began(self, running: _Running, report: Began) -> None:
        for id in sorted(running.left):
            if id in report.ids:
                self._ledger.change(id, state="running", batch=running.name)
            elif id in self._cancelling:
                self._settle(running, id, state="cancelled")
            else:
                running.left.discard(id)
                self.waiting.add(self._ledger.record(id))
        self.fill()

    def _end(self, running: _Running, lost: LostError | None) -> bool:
        """Decide what becomes of the jobs that a batch has left, and whether it goes on."""
        alone = len(running.left) == 1
        saved = self._renderer.saved().get(running.name)
        batch = running.name if saved is not None else ""
        got_further = saved is not None and saved != running.saved
        goes_on = False
        for id in sorted(running.left):
            record = self._ledger.record(id)
            if lost is not None:
                _clean_up(record)
            if id in self._cancelling:
                self._settle(running, id, state="cancelled")
                continue
            changes: dict[str, Any] | None = {"batch": batch}
            if lost is not None and not self._stopping:
                changes = self._losses.next_try(
                    record, lost, alone=alone, batch=batch, got_further=got_further
                )
            if changes is None:
                assert lost is not None
                self._settle(running, id, state="failed", code="failed", message=why_no_more(lost))
            else:
                running.left.discard(id)
                self.waiting.add(self._ledger.change(id, state="queued", **changes))
                goes_on = goes_on or bool(changes["batch"])
        return goes_on

    def _settle(self, running: _Running, id: str, **changes: Any) -> None:
        running.left.discard(id)
        running.settling[id] = self._settles.spawn(self._finish(id, changes))

    async def _finish(self, id: str, changes: dict[str, Any]) -> bool:
        """End a job that nothing renders any more; say whether that is written down.

        Whatever else was to become of it, it is done if its result has its name: a worker or a
        bridge may have been lost between that and the report.
        """
        if changes["state"] != "done":
            try:
                order = _order(self._ledger.record(id))
                found = await asyncio.to_thread(self._renderer.published, order)
            except Exception:
                log.exception("nobody knows whether job %s has a result", id)
                found = None
            if found is not None:
                changes = _done(found)
        self._losses.forget(id)
        try:
            return await self._ledger.settle(id, **changes)
        finally:
            self._cancelling.discard(id)

    async def _cancel_waiting(self, id: str) -> None:
        batch = self._ledger.record(id).batch
        if await self._finish(id, {"state": "cancelled"}):
            under_way = {running.name for running in self._running.values()}
            over = batch and batch not in under_way and not self.waiting.has_of(batch)
            await self.forget([id], batch if over else "")

    async def forget(self, ids: list[str], batch: str = "") -> None:
        """Keep nothing any more that was saved for jobs which have ended, and of a batch."""
        with contextlib.suppress(OSError):
            batch = batch if batch not in self._left_alone else ""
            await asyncio.to_thread(self._renderer.forget, batch, ids)


def _clean_up(record: Record) -> None:
    """Delete what a kill may have left beside an output."""
    with contextlib.suppress(OSError):
        leftover(record.id, Path(record.request.output)).unlink(missing_ok=True)


def _order(record: Record) -> Order:
    asked = record.asked
    return Order(
        record.request, record.input_size, record.input_mtime_ns, asked.input, asked.output
    )


def _done(rendered: Rendered) -> dict[str, Any]:
    return {
        "state": "done", "output_size": rendered.size, "output_mtime_ns": rendered.mtime_ns,
    }  # fmt: skip
