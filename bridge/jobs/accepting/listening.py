"""What the regions of accepted jobs sound like, and what that means to their models."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile, ReadableAudioFile

from bridge.jobs.paths import AllowedFolders
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest
from bridge.jobs.settings import JobSettings
from umtn_core.audio.read import open_audio
from umtn_core.bundle.scope import Scope
from umtn_core.errors import UmtnError
from umtn_core.scope.findings import Findings
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import remark, semitones_of

#: What was heard in as many regions is remembered, since many jobs are about the same ones.
_MOST_REMEMBERED = 4_096
#: Samples read at once, of all channels together, at most: no header makes the bridge take memory.
_MOST_SAMPLES = 1 << 25

#: Names what a region sounds like: the file as it is, and the place in it.
_Place = tuple[str, int, int, float, float | None, str]


class Listening:
    """Remembers what was heard. Any thread may ask; one at a time listens.

    Parameters
    ----------
    settings
        The folders that may be read.
    """

    def __init__(self, settings: JobSettings):
        self._folders = AllowedFolders(settings.session_folder, settings.allowed)
        self._heard: OrderedDict[_Place, Findings] = OrderedDict()
        self._scopes: dict[str, Scope | None] = {}

    def taught(self, model: str, scope: Scope | None) -> None:
        """Keep in mind what a model was taught; None, nobody knows."""
        self._scopes[model] = scope

    def remark(self, record: Record) -> str | None:
        """Say what there is to say of a region; None, it was not listened to yet."""
        request = record.request
        if request.mix == 0:
            return ""
        findings = self._heard.get(_place(record))
        if findings is None:
            return None
        scope = self._scopes.get(request.model)
        return remark(findings, scope, semitones_of(request.transpose, findings, scope))

    def listen(self, record: Record) -> None:
        """Listen to a region, unless that was done before.

        Raises
        ------
        RequestError, UmtnError, OSError, ValueError, RuntimeError
            If it cannot be listened to.
        """
        place = _place(record)
        if place not in self._heard:
            self._heard[place] = self._listened(record.request)
            while len(self._heard) > _MOST_REMEMBERED:
                self._heard.popitem(last=False)

    def _listened(self, request: RenderRequest) -> Findings:
        path = Path(request.input)
        with self._folders.open_input(path) as file, open_audio(file, path):
            pass  # its headers are sound
        with self._folders.open_input(path) as file, AudioFile(file) as audio:
            start, length = _region(request, audio)
            if length < 1:
                raise UmtnError("the region lies behind its end")

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


def _place(record: Record) -> _Place:
    request = record.request
    return (
        request.input, record.input_size, record.input_mtime_ns,
        request.start, request.length, request.unit,
    )  # fmt: skip


def _region(request: RenderRequest, audio: ReadableAudioFile) -> tuple[int, int]:
    """Return a region's first sample and its length, as far as it lies in the file."""
    scale = audio.samplerate if request.unit == "seconds" else 1
    start = min(round(request.start * scale), audio.frames)
    rest = audio.frames - start
    return start, rest if request.length is None else min(rest, round(request.length * scale))
