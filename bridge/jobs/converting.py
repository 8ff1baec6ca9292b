"""Audio files written anew as WAV, for clients that read fewer formats."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.jobs.accepting.inputs import Inputs
from bridge.jobs.paths import AllowedFolders, as_asked
from bridge.jobs.rendering.publish import WavForm, leftover, write_wav
from bridge.jobs.request import RequestError, check_id
from bridge.jobs.settings import JobSettings
from bridge.jobs.tasks import Tasks
from bridge.text import quoted
from umtn_core.audio.read import open_audio
from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import UmtnError

#: Conversions under way, at most, of which one is done at a time; more are refused as ``busy``.
MOST_UNDER_WAY = 16
#: Of so many that are done it is remembered, for who has not heard the answer.
_MOST_REMEMBERED = 256

#: Frames that can be told over OSC; bytes of a header, at most.
_MOST_FRAMES, _HEADER = 2**31 - 1, 4096
#: For the one under way to end when the bridge stops.
_STOP_SECONDS = 30.0


class Converted(NamedTuple):
    """A file that was written, and its form."""

    output: Path
    sample_rate: int
    channels: int
    samples: int


class _Asked(NamedTuple):
    source: str
    output: str
    task: asyncio.Task[Converted]


class Conversions:
    """Writes files anew, one after another. All methods belong to one event loop.

    Parameters
    ----------
    settings
        The folders and limits, which are those of renders.
    outputs
        Says where results of jobs are to come, as it is at that moment.
    """

    def __init__(self, settings: JobSettings, outputs: Callable[[], frozenset[str]]):
        self._settings = settings
        self._outputs = outputs
        self._folders = AllowedFolders(settings.session_folder, settings.allowed)
        self._inputs = Inputs(settings.largest_bytes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="umtn-convert")
        self._known: OrderedDict[str, _Asked] = OrderedDict()
        self._work = Tasks()
        self._stopping = False

    async def convert(self, id: str, source: str, output: str) -> Converted:
        """Write a file anew; who asks the same again under the same id hears of the first.

        Raises
        ------
        RequestError
            If it is refused, or did not end well. There is no file then.
        """
        check_id(id)
        known = self._known.get(id)
        if known is not None and (known.source, known.output) != (source, output):
            raise RequestError(
                "id_in_use",
                f"The id {quoted(id)} belongs to another request; choose one that is new.",
            )
        if known is None or _is_gone(known):
            if self._stopping:
                raise RequestError("busy", "The bridge is stopping; send the request again later.")
            if sum(not each.task.done() for each in self._known.values()) >= MOST_UNDER_WAY:
                raise RequestError("busy", "Too many files are being converted; try again later.")
            known = _Asked(source, output, self._work.spawn(self._convert(source, output)))
            self._known[id] = known
            known.task.add_done_callback(lambda task: self._is_done(id, task))
        # Whoever asked may go away in the midst of it.
        return await asyncio.shield(known.task)

    async def close(self) -> None:
        """Give up what is under way, which leaves no file."""
        self._stopping = True
        await self._work.wait(_STOP_SECONDS)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _is_done(self, id: str, task: asyncio.Task[Converted]) -> None:
        """Remember what went well; what did not may be tried again."""
        if task.cancelled() or task.exception() is not None:
            del self._known[id]
        done = [id for id, each in self._known.items() if each.task.done()]
        for each in done[: max(0, len(done) - _MOST_REMEMBERED)]:
            del self._known[each]

    async def _convert(self, source: str, output: str) -> Converted:
        call = partial(self._write, source, output, self._outputs())
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _write(self, source: str, output: str, outputs: Container[str]) -> Converted:
        """Do one, in the thread."""
        if self._stopping:
            raise _stopped()
        shown = as_asked(source)
        with self._folders.input(source) as (path, file):
            found = self._inputs.look(path, file, shown)
            if found.samples > min(
                self._settings.longest_seconds * found.sample_rate, _MOST_FRAMES
            ):
                raise RequestError(
                    "audio",
                    f"{shown} is {found.samples / found.sample_rate:.0f} s long, but the bridge "
                    f"converts at most {self._settings.longest_seconds:g} s; cut it into parts.",
                )
            place = self._folders.output(output)
            if os.fspath(place) in outputs:
                asked = as_asked(output)
                raise RequestError("exists", f"A job will write {asked}; choose another name.")
            return self._written(file, shown, place, as_asked(output))

    def _written(self, file: BinaryIO, shown: str, place: Path, shown_place: str) -> Converted:
        before = os.fstat(file.fileno())
        is_own = place.is_relative_to(self._folders.session)
        mode = None if is_own else self._settings.result_mode
        try:
            with (
                open_audio(file, Path(shown)) as audio,
                self._folders.open_folder(place.parent, shown_place) as folder,
                whole_file(
                    folder / place.name, overwrite=False, meanwhile=leftover("", place).name
                ) as made,
            ):
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(made.fileno(), mode)
                size = 4 * audio.samples * audio.channels + _HEADER
                if size > shutil.disk_usage(folder).free:
                    raise OSError(f"it takes {size / 1e6:.0f} MB, and less is free")
                form = WavForm(audio.channels, audio.sample_rate)
                write_wav(made, form, self._blocks(audio.blocks(0, audio.samples), shown))
                after = os.fstat(file.fileno())
                if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                    raise RequestError(
                        "audio", f"{shown} was changed while it was read; try again."
                    )
                return Converted(place, audio.sample_rate, audio.channels, audio.samples)
        except UmtnError as error:
            raise RequestError("audio", str(error)) from error
        except FileExistsError as error:
            raise RequestError(
                "exists",
                f"{shown_place} appeared meanwhile, and was not overwritten; choose another name.",
            ) from error
        except OSError as error:
            raise RequestError(
                "disk", f"{shown_place} cannot be written: {error.strerror or error}."
            ) from error

    def _blocks(
        self, blocks: Iterator[NDArray[np.float32]], shown: str
    ) -> Iterator[NDArray[np.float32]]:
        """Pass on what is read, until the bridge stops."""
        try:
            for block in blocks:
                if self._stopping:
                    raise _stopped()
                yield block
        except OSError as error:
            raise RequestError("not_found", f"{shown} cannot be read: {error.strerror}.") from error


def _is_gone(asked: _Asked) -> bool:
    """Whether what was written is there no more, so that it must be written again."""
    return asked.task.done() and not os.path.lexists(asked.task.result().output)


def _stopped() -> RequestError:
    return RequestError("busy", "The bridge is stopping; send the request again later.")
