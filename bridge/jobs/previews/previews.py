"""Has previews made that are not there yet, as jobs that give way to every client's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bridge.jobs.accepting.installed_models import InstalledModels
from bridge.jobs.own import is_own, own_id
from bridge.jobs.previews.kept import KeptPreviews, key_of
from bridge.jobs.previews.phrase import RATE, phrase
from bridge.jobs.record import Record
from bridge.jobs.rendering.scheduler import Scheduler
from bridge.jobs.request import HIGHEST_PRIORITY, RenderRequest, RequestError
from bridge.jobs.storage.ledger import Ledger
from bridge.jobs.storage.store import DISK_ERRORS
from bridge.jobs.tasks import Tasks
from umtn_core.audio.write import write_audio
from umtn_core.bundle.scope import Scope
from umtn_core.bundle.search import installed_bundles
from umtn_core.errors import UmtnError

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Previews that may be under way; more are refused as ``busy``.
MOST_MAKING = 16


class _Asked(NamedTuple):
    """A preview: its key, the model and the instrument by their own names, the model's range."""

    key: str
    model: str
    target: str
    scope: Scope | None


class Previews:
    """Knows what is kept, and makes the rest. All methods belong to one event loop.

    Parameters
    ----------
    folder
        Where previews are kept; None, nowhere.
    ledger, scheduler
        What knows the jobs, and what renders them.
    """

    def __init__(self, folder: Path | None, ledger: Ledger, scheduler: Scheduler):
        self._kept = None if folder is None else KeptPreviews(folder)
        self._ledger = ledger
        self._scheduler = scheduler
        self._models = InstalledModels()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="umtn-previews")
        self._making: dict[str, asyncio.Task[Path]] = {}
        self._work = Tasks()

    def take_up(self) -> None:
        """Go on with what the last bridge was making, and delete what nobody will hear again."""
        for id in [id for id in self._ledger.records if is_own(id)]:
            key = Path(self._ledger.records[id].request.output).stem
            self._begin(key, self._made(id))
        self._work.spawn(self._prune())

    async def get(self, model: str, target: str) -> Path:
        """Return the file of a preview, once it is there.

        Raises
        ------
        RequestError
            If there is no such model or target, or it cannot be made.
        """
        if self._kept is None:
            raise RequestError(
                "disk", "There is no home to keep previews in; start the bridge with HOME set."
            )
        asked = await self._in_thread(partial(self._look, model, target))
        is_there = partial(self._kept.heard, asked.key)
        if asked.key not in self._making and await self._in_thread(is_there):
            return self._kept.path(asked.key)
        if asked.key not in self._making:  # still, after that look
            if len(self._making) >= MOST_MAKING:
                raise RequestError(
                    "busy", "Too many previews are being made; ask again when some are there."
                )
            self._begin(asked.key, self._make(self._kept, asked))
        # Whoever asked may go away in the midst of it.
        return await asyncio.shield(self._making[asked.key])

    async def close(self) -> None:
        """Begin nothing more; what is under way goes on in the next bridge."""
        await self._work.cancel()
        self._thread.shutdown(cancel_futures=True)

    def _begin(self, key: str, work: Coroutine[Any, Any, Path]) -> None:
        task = self._making[key] = self._work.spawn(work)
        # All who asked may have gone away: then nobody is to miss the answer.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        task.add_done_callback(lambda done: self._making.pop(key, None))

    def _look(self, model: str, target: str) -> _Asked:
        model, target, manifest = self._models.check(model, target)
        return _Asked(key_of(manifest, target), model, target, manifest.scope)

    async def _make(self, kept: KeptPreviews, asked: _Asked) -> Path:
        """Give the bridge the job, and wait for it."""
        record = await self._in_thread(partial(_record, kept, asked))
        try:
            await self._ledger.add(lambda outputs: [record], self._thread)
        except BaseException:
            await self._in_thread(partial(kept.input(asked.key).unlink, missing_ok=True))
            raise
        self._scheduler.add(record)
        try:
            return await self._made(record.id)
        finally:
            self._work.spawn(self._prune())

    async def _made(self, id: str) -> Path:
        """Wait for a job of the bridge's own to end, and forget it."""
        if not self._ledger.record(id).finished:
            await self._ledger.ending(id)
        record = self._ledger.record(id)
        await self._scheduler.forget([id])
        with contextlib.suppress(*DISK_ERRORS):
            await self._ledger.forget([id])
        await self._in_thread(partial(Path(record.request.input).unlink, missing_ok=True))
        # Another bridge of the user may have made the same meanwhile.
        if record.state != "done" and record.code != "exists":
            log.warning("a preview could not be made: %s", record.message or record.state)
            raise RequestError("failed", f"The preview could not be made: {record.message}")
        return Path(record.request.output)

    async def _prune(self) -> None:
        if self._kept is not None:
            try:
                await self._in_thread(partial(_prune, self._kept, list(self._making)))
            except RequestError as error:
                log.info("old previews could not be deleted: %s", error)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except UmtnError as error:
            raise RequestError("disk", str(error)) from error
        except OSError as error:
            raise RequestError(
                "disk", f"Previews cannot be kept: {error.strerror or error}; make room for them."
            ) from error


def _record(kept: KeptPreviews, asked: _Asked) -> Record:
    """Write the phrase, and the record of the job that renders it."""
    kept.make_folder()
    source = kept.input(asked.key)
    write_audio(source, phrase(asked.target, asked.scope), RATE, overwrite=True)
    status = source.stat()
    request = RenderRequest(
        own_id(asked.key),
        str(source),
        asked.target,
        str(kept.path(asked.key)),
        model=asked.model,
        priority=-HIGHEST_PRIORITY,
    )
    now = time.time()
    return Record(
        asked=request,
        request=request,
        created=now,
        updated=now,
        input_size=status.st_size,
        input_mtime_ns=status.st_mtime_ns,
    )


def _prune(kept: KeptPreviews, making: list[str]) -> None:
    wanted = {
        key_of(model.manifest, domain.name)
        for model in installed_bundles()
        if model.manifest is not None
        for domain in model.manifest.domains
    }
    kept.prune(wanted, making)
