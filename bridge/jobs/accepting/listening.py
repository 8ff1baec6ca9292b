"""What the regions of accepted jobs sound like, and what that means to their models."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.jobs.paths import AllowedFolders
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest
from bridge.jobs.settings import JobSettings
from bridge.jobs.span import span
from umtn_core.audio.read import open_audio
from umtn_core.bundle.scope import Scope
from umtn_core.errors import UmtnError
from umtn_core.scope.findings import Findings
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import offered, remark, semitones_of

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
        The folders that may be read, and how long a region may be.
    """

    def __init__(self, settings: JobSettings):
        self._folders = AllowedFolders(settings.session_folder, settings.allowed)
        self._longest_seconds = settings.longest_seconds
        self._heard: OrderedDict[_Place, Findings] = OrderedDict()
        self._scopes: dict[str, Scope | None] = {}

    def taught(self, model: str, scope: Scope | None) -> None:
        """Keep in mind what a model was taught; None, nobody knows."""
        self._scopes[model] = scope

    def remark(self, record: Record) -> str | None:
        """Say what there is to say of an input and a region; None, it was not listened to yet."""
        request = record.request
        if request.mix == 0:
            return record.input_remark
        findings = self._heard.get(_place(record))
        if findings is None:
            return None
        scope = self._scopes.get(request.model)
        heard = remark(findings, scope, semitones_of(request.transpose, findings, scope))
        return " ".join(filter(None, (record.input_remark, heard)))

    def offer(self, record: Record) -> str:
        """Say which transposition the remark on a region offers, if it does."""
        request = record.request
        findings = self._heard.get(_place(record))
        if findings is None or request.mix == 0:
            return ""
        scope = self._scopes.get(request.model)
        return offered(findings, scope, semitones_of(request.transpose, findings, scope))

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
        with (
            self._folders.open_input(path, path.name) as file,
            open_audio(file, path) as audio,
            audio.seeking() as read,
        ):
            start, length = span(
                request, audio.samples, audio.sample_rate, self._longest_seconds, path.name
            )

            def read_region(first: int, count: int) -> NDArray[np.float32]:
                if count * audio.channels > _MOST_SAMPLES:
                    raise UmtnError("it has too many channels, or samples a second")
                return read(start + first, count)

            return listen(read_region, length, audio.sample_rate)


def _place(record: Record) -> _Place:
    request = record.request
    return (
        request.input, record.input_size, record.input_mtime_ns,
        request.start, request.length, request.unit,
    )  # fmt: skip
