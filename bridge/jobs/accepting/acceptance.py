"""Everything that is checked before a request is accepted."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bridge.jobs.accepting.inputs import Inputs
from bridge.jobs.accepting.installed_models import InstalledModels
from bridge.jobs.accepting.listening import Listening
from bridge.jobs.paths import SUFFIX, AllowedFolders, as_asked
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest, check_request
from bridge.jobs.settings import JobSettings
from bridge.jobs.span import span
from bridge.text import MISLEADING

#: Of a name that the bridge makes up, so many bytes are taken from the input's, and from the
#: target's: encrypted file systems have names of 143 bytes.
_LONGEST_STEM, _LONGEST_TARGET = 100, 24
#: What cannot be in a name on Windows, besides what misleads whoever reads it.
_NOT_IN_NAMES = re.compile(f'[<>:"/\\\\|?*{re.escape(MISLEADING)}]')


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
        self._listening = listening
        self._inputs = Inputs(settings.largest_bytes)
        self._longest_seconds = settings.longest_seconds
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
        shown = as_asked(request.input)
        with self._folders.input(request.input) as (source, file):
            found = self._inputs.look(source, file, shown)
        request = msgspec.structs.replace(request, input=str(source))
        span(request, found.samples, found.sample_rate, self._longest_seconds, shown)
        if request.output:
            output = self._folders.output(request.output)
        else:
            output = self._folders.unused(_names(request, source))
        record = Record(
            asked=asked,
            request=msgspec.structs.replace(request, output=str(output)),
            created=(now := time.time()),
            updated=now,
            input_size=found.size,
            input_mtime_ns=found.mtime_ns,
            input_remark=found.remark,
            note=found.remark,
        )
        note = self._listening.remark(record)
        if note is None:
            return record
        return msgspec.structs.replace(record, note=note, offer=self._listening.offer(record))


def _names(request: RenderRequest, source: Path) -> Iterator[str]:
    """Make up names that tell what is in the file, until one is free."""
    stem = _part(source.stem, _LONGEST_STEM).strip(" .") or "render"
    mark = hashlib.sha256(request.id.encode()).hexdigest()[:8]
    name = f"{stem}.{_part(request.target, _LONGEST_TARGET)}.{mark}"
    yield f"{name}{SUFFIX}"
    for number in itertools.count(2):
        yield f"{name}-{number}{SUFFIX}"


def _part(text: str, longest: int) -> str:
    """Make a part of a file's name of a text: short, and of what every system has in names."""
    return _NOT_IN_NAMES.sub("_", text).encode()[:longest].decode(errors="ignore")
