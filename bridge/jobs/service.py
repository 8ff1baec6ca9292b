"""The jobs of a bridge, from the request to the result."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from bridge.jobs.accepting.acceptance import Acceptance
from bridge.jobs.accepting.listening import Listening
from bridge.jobs.accepting.notes import Notes
from bridge.jobs.accepting.requests_under_way import RequestsUnderWay
from bridge.jobs.converting import Conversions, Converted
from bridge.jobs.own import is_own
from bridge.jobs.previews.previews import Previews
from bridge.jobs.record import Record
from bridge.jobs.rendering.local_renderer import LocalRenderer
from bridge.jobs.rendering.renderer import Renderer
from bridge.jobs.rendering.scheduler import Scheduler
from bridge.jobs.request import Job, RenderRequest, RequestError, check_id, is_same
from bridge.jobs.settings import JobSettings
from bridge.jobs.storage.clock import Clock
from bridge.jobs.storage.data_folder import DataFolder
from bridge.jobs.storage.ledger import Ledger, OnJob
from bridge.jobs.storage.private_folders import make_session_folder
from bridge.jobs.storage.pruning import DAY, Pruned, prune_results
from bridge.jobs.storage.store import JobStore
from bridge.jobs.tasks import Tasks
from bridge.own_folders import strangers_in
from bridge.text import quoted
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

_PRUNE_SECONDS = 600.0
#: A bridge is not used for so many seconds in everyday life.
_LEAST_LEAP = 12 * 3600.0


class JobService:
    """Accepts, stores, schedules and reports on jobs. All methods belong to one event loop.

    Parameters
    ----------
    settings
        The folders and limits.
    renderer
        Where to render; None, processes on this machine.
    """

    def __init__(self, settings: JobSettings, renderer: Renderer | None = None):
        self._settings = settings
        self._given_renderer = renderer
        self._pruning = Tasks()
        self._one_prunes = asyncio.Lock()
        self._closing = contextlib.AsyncExitStack()
        self._stopping = False

    async def start(self) -> None:
        """Open the store, and go on with what was under way.

        Raises
        ------
        UmtnError
            If a folder cannot be used, or another bridge uses it.
        """
        try:
            await self._start()
        except BaseException:
            await self._closing.aclose()
            raise

    async def _start(self) -> None:
        settings, closing = self._settings, self._closing
        _check_names(settings)
        folder = DataFolder(settings.data_folder)
        await folder.lock()
        closing.callback(folder.unlock)
        try:
            make_session_folder(settings.session_folder)
            _warn_of_strangers(settings)
        except OSError as error:
            raise UmtnError(
                f"The session folder {settings.session_folder} cannot be made "
                f"({error.strerror}); name another one with --session-folder."
            ) from error
        store = JobStore(settings.data_folder)
        self._clock = _clock(settings, store.records)
        closing.push_async_callback(asyncio.to_thread, self._clock.remember)
        self._ledger = Ledger(store, self._clock.now)
        closing.push_async_callback(self._ledger.close)
        self._renderer = self._given_renderer or LocalRenderer(settings, folder.inherited)
        closing.push_async_callback(self._renderer.stop)
        await self._renderer.start()
        self._scheduler = Scheduler(self._ledger, self._renderer, settings.together)
        closing.push_async_callback(self._scheduler.stop)
        listening = Listening(settings)
        self._notes = Notes(listening, self._ledger)
        closing.push_async_callback(self._notes.close)
        acceptance = Acceptance(settings, listening)
        self._under_way = RequestsUnderWay(acceptance, self._ledger, self._taken_in)
        closing.push_async_callback(self._under_way.close)
        self._conversions = Conversions(settings, lambda: frozenset(self._ledger.outputs))
        closing.push_async_callback(self._conversions.close)
        self._previews = Previews(settings.preview_folder, self._ledger, self._scheduler)
        closing.push_async_callback(self._previews.close)
        self._scheduler.take_up()
        self._previews.take_up()
        closing.push_async_callback(self._pruning.cancel)
        self._pruning.spawn(self._prune_now_and_then())

    async def stop(self) -> None:
        """Save what is being rendered, and let go of everything."""
        self._stopping = True
        await self._closing.aclose()

    async def submit(self, request: RenderRequest) -> Job:
        """Accept a request; once this returns, it is on the disk.

        Returns
        -------
        Job
            As it was accepted, with the note on it if that was made at once.

        Raises
        ------
        RequestError
            If it is refused. Nothing of it is kept then.
        """
        check_id(request.id)
        if self._stopping:
            raise RequestError("busy", "The bridge is stopping; send the request again later.")
        if request.id in self._ledger.unreadable:
            raise RequestError(
                "id_in_use",
                f"The id {quoted(request.id)} belongs to a job that a later version of umtn has "
                "stored, or whose record is damaged; choose one that is new, or update umtn.",
            )
        known = self._ledger.records.get(request.id)
        asked = known.asked if known is not None else self._under_way.get(request.id)
        if asked is not None and not is_same(request, asked):
            raise RequestError(
                "id_in_use",
                f"The id {quoted(request.id)} belongs to another request; choose one that is new.",
            )
        if known is None:
            if asked is None:
                self._begin_to_accept(request)
            await self._under_way.end(request.id)
        job = self._ledger.job(request.id)
        await self._notes.wait(request.id)
        noted = self._ledger.job(request.id)
        return msgspec.structs.replace(job, note=noted.note, offer=noted.offer)

    async def cancel(self, id: str) -> Job:
        """Cancel a job; on one that has ended this changes nothing.

        Raises
        ------
        RequestError
            If there is no such job.
        """
        if self._under_way.get(id) is not None:
            with contextlib.suppress(RequestError):
                await self._under_way.end(id)
        if not self._ledger.record(id).finished:
            await self._scheduler.cancel(id)
        return self._ledger.job(id)

    def get(self, id: str) -> Job:
        """Return a job as it is now.

        Raises
        ------
        RequestError
            If there is no such job.
        """
        return self._ledger.job(id)

    def ids(self) -> list[str]:
        """Return the ids of all jobs of clients, the oldest first."""
        return [id for id in self._ledger.records if not is_own(id)]

    def jobs(self) -> list[Job]:
        """Return all jobs of clients, the oldest first."""
        return [self._ledger.job(id) for id in self.ids()]

    def subscribe(self, callback: OnJob) -> Callable[[], None]:
        """Have every change of every client's job told.

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
        return self._ledger.subscribe(lambda job: None if is_own(job.id) else callback(job))

    async def preview(self, model: str, target: str) -> Path:
        """Return the file of a short phrase on an instrument; made once, behind clients' jobs.

        Raises
        ------
        RequestError
            If there is no such model or target, or it cannot be made.
        """
        return await self._previews.get(model, target)

    async def convert(self, id: str, source: str, output: str) -> Converted:
        """Write an audio file anew as WAV; the same under the same id is done once.

        Raises
        ------
        RequestError
            If it is refused, or did not end well. There is no file then.
        """
        return await self._conversions.convert(id, source, output)

    async def prune(self) -> None:
        """Forget old jobs and delete old results, as the settings say. Done now and then."""
        async with self._one_prunes:  # who comes second finds all of it done
            await asyncio.to_thread(self._clock.remember)
            records, age = list(self._ledger.records.values()), self._clock.age
            pruned = await asyncio.to_thread(prune_results, records, self._settings, age)
            await self._scheduler.forget(pruned.forgotten)
            await self._ledger.forget(pruned.forgotten)
            _say(pruned)

    def _begin_to_accept(self, request: RenderRequest) -> None:
        if len(self._scheduler.waiting) + len(self._under_way) >= self._settings.most_queued:
            raise RequestError("busy", "Too many jobs are waiting; try again when some are done.")
        self._under_way.begin(request)

    def _taken_in(self, record: Record) -> None:
        self._scheduler.add(record)
        self._notes.begin(record)

    async def _prune_now_and_then(self) -> None:
        while True:
            try:
                await self.prune()
            except Exception:
                log.exception("old jobs could not be pruned")
            await asyncio.sleep(_PRUNE_SECONDS)


def _clock(settings: JobSettings, records: list[Record]) -> Clock:
    """Go on with the bridge's own time, whether or not anything is to be deleted by it yet."""
    newest = max((record.ended for record in records), default=0.0)
    leap = max(_LEAST_LEAP, (settings.keep_days or 0.0) / 2 * DAY)
    return Clock(
        settings.data_folder / "clock.json", newest, leap, tells=settings.keep_days is not None
    )


def _say(pruned: Pruned) -> None:
    """Say what has gone, where the user may miss it."""
    if pruned.aged or pruned.beyond_size:
        log.warning(
            "%d jobs were forgotten for their age and %d for the size of all results; %d results "
            "were deleted",
            len(pruned.aged), len(pruned.beyond_size), pruned.deleted,
        )  # fmt: skip
    if pruned.beyond_number:
        log.info("%d jobs were forgotten, as there are more", len(pruned.beyond_number))


def _warn_of_strangers(settings: JobSettings) -> None:
    """Say whose folders these are, where that may not be meant."""
    for folder, option in (
        (settings.session_folder, "--session-folder"),
        (settings.data_folder, "--data-folder"),
    ):
        if found := strangers_in(folder):
            log.warning(
                "%s %s, so that others can read and change what the bridge keeps there; "
                "if that is not meant, name a folder of your own with %s.",
                folder, found, option,
            )  # fmt: skip


def _check_names(settings: JobSettings) -> None:
    """Refuse folders whose names cannot be told to workers and clients, nor written down."""
    named = [("--data-folder", settings.data_folder), ("--session-folder", settings.session_folder)]
    for option, folder in (*named, *(("--allow", each) for each in settings.allowed)):
        try:
            (real := os.path.realpath(folder)).encode()
        except UnicodeEncodeError as error:
            raise UmtnError(
                f"The folder {quoted(real, error.start)} has a name that is not UTF-8; name "
                f"another one with {option}, or rename it."
            ) from error
