"""Renders in processes on this machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Iterable
from pathlib import Path

from bridge.jobs.own import folders_of
from bridge.jobs.paths import AllowedFolders
from bridge.jobs.rendering.messages import Setup
from bridge.jobs.rendering.publish import published
from bridge.jobs.rendering.renderer import (
    Ending,
    JobBatch,
    LostError,
    Order,
    Rendered,
    Renderer,
    Report,
)
from bridge.jobs.rendering.saved_batch import WorkFolder
from bridge.jobs.rendering.worker_process import WorkerProcess
from bridge.jobs.settings import JobSettings
from umtn_core.native.cuda.presence import has_driver
from umtn_core.runtime import available_cores

log = logging.getLogger(__name__)


class LocalRenderer(Renderer):
    """A few processes that share the cores, and one more for the accelerator.

    Parameters
    ----------
    settings
        The folders, and how many cores and workers there are.
    inherited
        File descriptors that workers hold open, so that a lock on them lasts as long as they.
    """

    def __init__(self, settings: JobSettings, inherited: tuple[int, ...] = ()):
        cores = settings.cores or available_cores()
        workers = max(1, min(settings.workers, cores))
        threads = [cores // workers + (i < cores % workers) for i in range(workers)]
        # Where there may be an accelerator, `auto` may take it: in one process then, since several
        # would not know of each other's memory there. To feed it one core is enough, but `auto` may
        # take the processor just as well.
        self._auto = "accelerator" if has_driver() else "cpu-"
        feeding = cores if has_driver() else 1
        slots = {**{f"cpu-{i}": share for i, share in enumerate(threads)}, "accelerator": feeding}
        self._folders = folders = AllowedFolders(settings.session_folder, settings.allowed)
        work_path = settings.data_folder / "work"
        self._work = WorkFolder(work_path)
        self._workers = {
            slot: WorkerProcess(
                Setup(
                    session_folder=folders.session,
                    allowed=folders.roots[1:],
                    work_folder=work_path,
                    threads=share,
                    longest_seconds=settings.longest_seconds,
                    save_every=settings.save_every,
                    result_mode=settings.result_mode,
                ),
                settings.data_folder / f"worker-{slot}.log",
                inherited,
            )
            for slot, share in slots.items()
        }

    async def start(self) -> None:
        """See `Renderer.start`. The processes import what they need before they are asked."""
        self._work.make()
        for slot, worker in self._workers.items():
            if slot.startswith(self._auto):
                await worker.start()

    async def stop(self) -> None:
        """See `Renderer.stop`."""
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))

    def slots_for(self, engine: str) -> list[str]:
        """See `Renderer.slots_for`."""
        kind = "accelerator" if is_accelerated(engine) else "cpu-"
        if engine == "auto":
            kind = self._auto
        return [slot for slot in self._workers if slot.startswith(kind)]

    async def render(self, slot: str, batch: JobBatch, report: Callable[[Report], None]) -> Ending:
        """See `Renderer.render`."""
        try:
            return await self._workers[slot].render(batch, report)
        except LostError as error:
            log.warning("the render worker %s %s", slot, error)
            raise

    async def cancel(self, slot: str, id: str) -> None:
        """See `Renderer.cancel`."""
        await self._workers[slot].cancel(id)

    async def pause(self, slot: str) -> None:
        """See `Renderer.pause`."""
        await self._workers[slot].pause()

    def kill(self, slot: str) -> None:
        """See `Renderer.kill`."""
        self._workers[slot].kill()

    def published(self, order: Order) -> Rendered | None:
        """See `Renderer.published`."""
        id, output = order.request.id, Path(order.request.output)
        folders = folders_of(order.request, self._folders)
        return published(folders, id, output, self._work.result(id))

    def forget(self, name: str, ids: Iterable[str]) -> None:
        """See `Renderer.forget`."""
        if name:
            self._work.batch(name).forget()
        for id in ids:
            self._work.forget_result(id)

    def forget_all_but(self, names: Container[str], ids: Iterable[str]) -> None:
        """See `Renderer.forget_all_but`."""
        self._work.forget_all_but(names, ids)

    def saved(self) -> dict[str, int]:
        """See `Renderer.saved`."""
        return self._work.saved()

    @property
    def pids(self) -> dict[str, int]:
        """Process of each slot that has one."""
        found = {slot: worker.pid for slot, worker in self._workers.items()}
        return {slot: pid for slot, pid in found.items() if pid is not None}


def is_accelerated(engine: str) -> bool:
    """Whether an engine of this name keeps a graphics processor busy, and not the cores."""
    return "cuda" in engine
