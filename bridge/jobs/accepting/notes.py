"""What of an accepted region its model was not taught, found out while the job already waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile, ReadableAudioFile

from bridge.jobs.accepting.installed_models import InstalledModels
from bridge.jobs.paths import AllowedFolders
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest, RequestError
from bridge.jobs.settings import JobSettings
from bridge.jobs.storage.ledger import Ledger
from bridge.jobs.tasks import Tasks
from umtn_core.audio.read import open_audio
from umtn_core.errors import UmtnError
from umtn_core.scope.findings import Findings
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import best_octave, remark

log = logging.getLogger(__name__)

#: Seconds that an answer waits for its note, at most, and the notes to come up to which it does:
#: in a flood, answers go out without.
_PATIENCE = 1.0
_FEW = 4
#: Notes to come, at most; jobs beyond get none.
_MOST_COMING = 1_000
#: What was heard in as many regions is remembered, since many jobs are about the same ones.
_MOST_REMEMBERED = 4_096
#: Samples read at once, of all channels together, at most: no header makes the bridge take memory.
_MOST_SAMPLES = 1 << 25

#: Names what a region sounds like: the file as it is, and the place in it.
_Place = tuple[str, int, int, float, float | None, str]


class Notes:
    """Listens to regions, one after another in a thread of its own, and notes it on their jobs.

    Nothing waits for it but an answer, for a moment. A file that cannot be listened to gets no
    note: the worker will say what is wrong with it.

    Parameters
    ----------
    settings
        The folders that may be read.
    ledger
        Where notes are put.
    """

    def __init__(self, settings: JobSettings, ledger: Ledger):
        self._folders = AllowedFolders(settings.session_folder, settings.allowed)
        self._ledger = ledger
        self._models = InstalledModels()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="umtn-listen")
        self._heard: OrderedDict[_Place, Findings] = OrderedDict()
        self._coming: dict[str, asyncio.Task[None]] = {}
        self._work = Tasks()

    def begin(self, record: Record) -> None:
        """Have a region listened to whose job was taken in."""
        if record.request.mix > 0 and len(self._coming) < _MOST_COMING:
            self._coming[record.id] = self._work.spawn(self._note(record))

    async def wait(self, id: str) -> None:
        """Wait a moment for a job's note, if it comes and is not one of a flood."""
        if id in self._coming and len(self._coming) <= _FEW:
            await asyncio.wait({self._coming[id]}, timeout=_PATIENCE)

    async def close(self) -> None:
        """Listen to nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self._work.cancel()

    async def _note(self, record: Record) -> None:
        loop = asyncio.get_running_loop()
        try:
            text = await loop.run_in_executor(self._thread, self._remark, record)
            if text:
                await self._ledger.note(record.id, text)
        except (UmtnError, RequestError, OSError, ValueError, RuntimeError) as error:
            log.info("the input of job %s cannot be listened to: %s", record.id, error)
        except Exception:
            log.exception("the input of job %s made trouble", record.id)
        finally:
            self._coming.pop(record.id, None)

    def _remark(self, record: Record) -> str:
        """Say what there is to say of a region; called in the thread."""
        request = record.request
        findings = self._findings(record)
        scope = self._models.check(request.model, request.target).scope
        if request.transpose == "octave":
            semitones = 0 if scope is None else best_octave(findings, scope)
        else:
            semitones = int(request.transpose)
        return remark(findings, scope, semitones)

    def _findings(self, record: Record) -> Findings:
        request = record.request
        place = (
            request.input, record.input_size, record.input_mtime_ns,
            request.start, request.length, request.unit,
        )  # fmt: skip
        if place not in self._heard:
            self._heard[place] = self._listened(request)
            while len(self._heard) > _MOST_REMEMBERED:
                self._heard.popitem(last=False)
        return self._heard[place]

    def _listened(self, request: RenderRequest) -> Findings:
        path = Path(request.input)
        with contextlib.ExitStack() as stack:
            with self._folders.open_input(path) as file, open_audio(file, path):
                pass  # its headers are sound
            file = stack.enter_context(self._folders.open_input(path))
            audio = stack.enter_context(AudioFile(file))
            start, length = _region(request, audio)

            def read(first: int, count: int) -> NDArray[np.float32]:
                # In compressed files a seek may miss by some milliseconds, which is near enough.
                if count * audio.num_channels > _MOST_SAMPLES:
                    raise UmtnError("it has too many channels, or samples a second")
                audio.seek(start + first)
                samples = audio.read(count)
                if not np.isfinite(samples).all():
                    raise UmtnError("it has samples that are not numbers")
                return samples

            return listen(read, length, int(audio.samplerate))


def _region(request: RenderRequest, audio: ReadableAudioFile) -> tuple[int, int]:
    """Return a region's first sample and its length, as far as it lies in the file."""
    scale = audio.samplerate if request.unit == "seconds" else 1
    start = min(round(request.start * scale), audio.frames)
    rest = audio.frames - start
    return start, rest if request.length is None else min(rest, round(request.length * scale))
