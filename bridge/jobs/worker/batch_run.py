"""A batch of jobs from their inputs to their outputs, inside a render worker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.jobs.own import folders_of
from bridge.jobs.paths import AllowedFolders
from bridge.jobs.rendering.messages import Setup
from bridge.jobs.rendering.publish import WavForm, publish, published
from bridge.jobs.rendering.renderer import Began, Ending, Failed, JobBatch, Order, Report
from bridge.jobs.rendering.saved_batch import SavedSource, WorkFolder
from bridge.jobs.request import RequestError
from bridge.jobs.worker.control import Control
from bridge.jobs.worker.open_translators import OpenTranslators
from bridge.jobs.worker.progress_reports import ProgressReports
from bridge.jobs.worker.region import read_region
from umtn_core.audio.sound import SoundRows
from umtn_core.errors import Cancelled, DiskError, UmtnError
from umtn_core.recording import Audio
from umtn_core.translation import Source, Translation
from umtn_core.translator import Translator

log = logging.getLogger(__name__)

#: Saving may take this share of the time: states of wide networks are large.
_SHARE_FOR_SAVING = 0.05

#: Regions are decoded together if none is longer than the most urgent one by more than so much,
#: which is how much later than alone that one may be done.
_LONGER_SECONDS = 5.0
_LONGER_TIMES = 1.5


@dataclass
class _Work:
    """What is translated together: a source for each job, and how far that was saved."""

    ids: list[str]
    sources: list[Source]
    sounds: list[SoundRows]
    state: bytes | None = None
    audio_is_saved: bool = False


class BatchRun:
    """One batch.

    Parameters
    ----------
    setup
        The folders and limits.
    translators
        The translators kept open from batch to batch.
    control
        What the bridge wants meanwhile; expects this batch.
    batch
        The jobs of the batch.
    send
        Called with reports; from any thread.
    """

    def __init__(
        self,
        setup: Setup,
        translators: OpenTranslators,
        control: Control,
        batch: JobBatch,
        send: Callable[[Report], None],
    ):
        self._setup = setup
        self._folders = AllowedFolders(setup.session_folder, setup.allowed)
        self._work_folder = WorkFolder(setup.work_folder)
        self._saved = self._work_folder.batch(batch.name)
        self._translators = translators
        self._control = control
        self._orders = {order.request.id: order for order in batch.orders}
        self._send = send
        self._progress = ProgressReports(send)
        self._cancelled = self._progress.ticking(control.cancelled)

    def run(self) -> Ending:
        """Render the jobs.

        Raises
        ------
        MemoryError
        """
        try:
            self._report_published()
            self._saved.make()
            work = self._from_saved() or self._from_inputs()
            self._orders = {id: o for id, o in self._orders.items() if id in work.ids}
            self._control.keep_only(self._orders)
            if self._orders:
                self._send(Began(tuple(self._orders)))
                self._translate(work)
        except Cancelled:
            return "paused" if self._control.pausing else "finished"
        except OSError as error:
            self._fail_all("disk", f"Work under way cannot be kept on the disk: {error.strerror}.")
        return "finished"

    def _report_published(self) -> None:
        """Report what got its name just before a crash."""
        for id, order in list(self._orders.items()):
            folders = folders_of(order.request, self._folders)
            found = published(folders, id, Path(order.request.output), self._work_folder.result(id))
            if found is not None and self._control.seal(id):
                self._send(found)
                del self._orders[id]

    def _from_saved(self) -> _Work | None:
        """Find what was saved of this batch."""
        saved = self._saved.load()
        if saved is None:
            return None
        saved_sources, audio, state = saved
        ids = [source.id for source in saved_sources]
        if not self._orders.keys() & set(ids):
            return None
        try:
            sources = [
                Source(sound, sound.sample_rate, source.seed)
                for source, sound in zip(saved_sources, audio, strict=True)
            ]
        except UmtnError as error:
            log.warning("a saved batch begins again: %s", error)
            return None
        return _Work(ids, sources, audio, state, audio_is_saved=True)

    def _from_inputs(self) -> _Work:
        """Read the regions, of those jobs that go well together."""
        work = _Work([], [], [])
        for id, order in self._orders.items():
            try:
                sound = read_region(
                    folders_of(order.request, self._folders),
                    order,
                    self._setup.longest_seconds,
                    self._cancelled,
                    self._saved.room_for_audio(len(work.sources)),
                )
            except RequestError as error:
                self._fail(id, error.code, error.message)
                continue
            if not work.sources or _go_together(work.sounds[0], sound):
                work.ids.append(id)
                work.sources.append(Source(sound, sound.sample_rate, order.request.seed))
                work.sounds.append(sound)
        return work

    def _translate(self, work: _Work) -> None:
        try:
            request = next(iter(self._orders.values())).request
            translator = self._translators.get(request)
        except (UmtnError, OSError) as error:
            self._fail_all("model", str(error))
            return
        try:
            translation = self._begun(work, translator)
            self._decode(work, translation)
            self._finish(work, translation)
        except Cancelled:
            raise
        except UmtnError as error:
            self._fail_all("disk" if isinstance(error, DiskError) else "failed", str(error))

    def _begun(self, work: _Work, translator: Translator) -> Translation:
        """Go on with what was saved, or begin."""
        scratch, codes = self._saved.folder, self._saved.room_for_codes
        cancelled = self._cancelled
        if work.state is not None:
            try:
                return translator.resume(
                    work.sources, work.state, cancelled=cancelled, scratch=scratch, codes_path=codes
                )
            except Cancelled:
                raise
            except UmtnError as error:
                log.warning("a saved batch begins again: %s", error)
        return translator.begin(
            work.sources, cancelled=cancelled, scratch=scratch, codes_path=codes
        )

    def _decode(self, work: _Work, translation: Translation) -> None:
        """Decode to the end, saving the state now and then."""
        interval = self._setup.save_every
        while not translation.done:
            try:
                translation.advance(
                    interval, progress=self._progress.report, cancelled=self._cancelled
                )
            except Cancelled:
                if self._control.pausing:
                    self._save(work, translation)
                raise
            if not translation.done:
                took = self._save(work, translation)
                interval = max(self._setup.save_every, took / _SHARE_FOR_SAVING)

    def _finish(self, work: _Work, translation: Translation) -> None:
        """Make and publish the results, saving what was decoded if that is to pause."""
        results = translation.results(self._cancelled)
        try:
            for id, sound, blocks in zip(work.ids, work.sounds, results, strict=True):
                if id in self._orders and self._control.wants(id):
                    self._publish(self._orders[id], sound, blocks)
        except Cancelled:
            if self._control.pausing:
                self._save(work, translation)
            raise

    def _save(self, work: _Work, translation: Translation) -> float:
        """Save how far the batch is, and return the seconds that it took."""
        began = time.monotonic()
        try:
            if not work.audio_is_saved:
                sources = [
                    SavedSource(id, s.sample_rate, s.channels, s.samples, source.seed or 0)
                    for id, source, s in zip(work.ids, work.sources, work.sounds, strict=True)
                ]
                self._saved.save_audio(sources, work.sounds)
                work.audio_is_saved = True
            self._saved.save_state(translation.save())
        except OSError as error:
            # The render goes on; only after a crash it will have to begin again.
            log.warning("the state of a render cannot be saved: %s", error)
        return time.monotonic() - began

    def _publish(self, order: Order, sound: SoundRows, blocks: Iterator[Audio]) -> None:
        id, ends = order.request.id, False
        output = Path(order.request.output)
        # In its session folder the bridge keeps what it has to itself.
        folders = folders_of(order.request, self._folders)
        mode = None if output.is_relative_to(folders.session) else self._setup.result_mode

        def may_end() -> bool:
            nonlocal ends
            ends = self._control.seal(id)
            return ends

        try:
            made = publish(
                folders,
                id,
                output,
                WavForm(sound.channels, sound.sample_rate, mode),
                blocks,
                self._work_folder.result(id),
                may_end,
                order.asked_output,
            )
        except RequestError as error:
            if ends or self._control.seal(id):
                self._send(Failed(id, error.code, error.message))
            return
        if made is not None:
            self._send(made)

    def _fail(self, id: str, code: str, message: str) -> None:
        if self._control.seal(id):
            self._send(Failed(id, code, message))

    def _fail_all(self, code: str, message: str) -> None:
        for id in self._orders:
            self._fail(id, code, message)


def _go_together(first: SoundRows, other: SoundRows) -> bool:
    """Whether the first recording may wait for the other one to be done."""
    own, others = (sound.samples / sound.sample_rate for sound in (first, other))
    return others <= max(own * _LONGER_TIMES, own + _LONGER_SECONDS)
