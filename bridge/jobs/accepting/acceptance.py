"""Everything that is checked before a request is accepted."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from bridge.jobs.accepting.installed_models import InstalledModels
from bridge.jobs.accepting.listening import Listening
from bridge.jobs.paths import SUFFIX, AllowedFolders
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest, RequestError, check_request
from bridge.jobs.settings import JobSettings
from umtn_core.audio.container import look
from umtn_core.errors import UmtnError

#: Of a name that the bridge makes up, so much is taken from the input's.
_LONGEST_STEM = 60


class Acceptance:
    """Turns requests into records, or refuses them. To be called on any one thread at a time.

    Parameters
    ----------
    settings
        The folders and limits.
    listening
        What knows regions that were listened to before.
    """

    def __init__(self, settings: JobSettings, listening: Listening):
        self._settings = settings
        self._listening = listening
        self._folders = AllowedFolders(settings.session_folder, settings.allowed)
        self._models = InstalledModels()

    def accept(self, request: RenderRequest) -> Record:
        """Check a request.

        Raises
        ------
        RequestError
        """
        check_request(request)
        asked = request
        model, target, manifest = self._models.check(request.model, request.target)
        request = msgspec.structs.replace(request, model=model, target=target)
        self._listening.taught(model, manifest.scope)
        with self._folders.input(request.input) as (source, file):
            status = self._check_audio(source, file)
        if request.output:
            output = self._folders.output(request.output)
        else:
            output = self._folders.unused(_names(request, source))
        record = Record(
            asked=asked,
            request=msgspec.structs.replace(request, input=str(source), output=str(output)),
            created=(now := time.time()),
            updated=now,
            input_size=status.st_size,
            input_mtime_ns=status.st_mtime_ns,
        )
        return msgspec.structs.replace(record, note=self._listening.remark(record) or "")

    def _check_audio(self, source: Path, file: BinaryIO) -> os.stat_result:
        """Look at those headers that tell with a few bytes whether the file can be whole."""
        status = os.fstat(file.fileno())
        if status.st_size > self._settings.largest_bytes:
            raise RequestError(
                "audio",
                f"{source} has {status.st_size} bytes, but the bridge reads files of at most "
                f"{self._settings.largest_bytes}; cut the region out into one of its own.",
            )
        try:
            look(file, source)
        except UmtnError as error:
            raise RequestError("audio", str(error)) from error
        except OSError as error:
            raise RequestError("not_found", f"{source}: {error.strerror}.") from error
        return status


def _names(request: RenderRequest, source: Path) -> Iterator[str]:
    """Make up names that tell what is in the file, until one is free."""
    stem = re.sub(r"[^\w .+-]", "_", source.stem)[:_LONGEST_STEM].strip(" .") or "render"
    mark = hashlib.sha256(request.id.encode()).hexdigest()[:8]
    name = f"{stem}.{request.target}.{mark}"
    yield f"{name}{SUFFIX}"
    for number in itertools.count(2):
        yield f"{name}-{number}{SUFFIX}"
