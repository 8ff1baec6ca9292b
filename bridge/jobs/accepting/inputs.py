"""What input files are, asked for every request about them."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bridge.jobs.request import RequestError
from umtn_core.audio.read import open_audio
from umtn_core.errors import UmtnError

#: What as many files are is remembered, since many jobs are about regions of the same ones, and
#: an hour of MP3 is looked through for a good part of a second.
_MOST_REMEMBERED = 1_024


class Input(NamedTuple):
    """A file that can be read.

    Attributes
    ----------
    size, mtime_ns
        Its size in bytes and its time of change.
    samples, sample_rate
        How long it is, and its samples a second.
    remark
        What is odd of it and can be heard, in a sentence; else empty.
    """

    size: int
    mtime_ns: int
    samples: int
    sample_rate: int
    remark: str


class Inputs:
    """Looks at files, and remembers those that are audio.

    Parameters
    ----------
    largest_bytes
        The size in bytes that a file may have.
    """

    def __init__(self, largest_bytes: int):
        self._largest_bytes = largest_bytes
        self._known: OrderedDict[tuple[Path, int, int], Input] = OrderedDict()

    def look(self, path: Path, file: BinaryIO, shown: str) -> Input:
        """Look at a file as far as it takes to know its length; see that it can be whole.

        Parameters
        ----------
        path
            Its real path.
        file
            It itself, open.
        shown
            What to call it in what is said of it.

        Raises
        ------
        RequestError
            If it is too large, or no audio that can be read.
        """
        status = os.fstat(file.fileno())
        if status.st_size > self._largest_bytes:
            raise RequestError(
                "audio",
                f"{shown} has {status.st_size} bytes, but the bridge reads files of at "
                f"most {self._largest_bytes}; cut the region out into one of its own.",
            )
        place = path, status.st_size, status.st_mtime_ns
        if place not in self._known:
            self._known[place] = self._looked_at(file, status, shown)
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
        return self._known[place]

    def _looked_at(self, file: BinaryIO, status: os.stat_result, shown: str) -> Input:
        try:
            with open_audio(file, Path(shown)) as audio:
                form = audio.samples, audio.sample_rate, audio.remark
        except UmtnError as error:
            raise RequestError("audio", str(error)) from error
        except OSError as error:
            raise RequestError("not_found", f"{shown}: {error.strerror}.") from error
        return Input(status.st_size, status.st_mtime_ns, *form)
