"""Paths as they come from other programs: as URIs, in quotes, or with the ~ of a home."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from umtn_core.errors import UmtnError

_URI = re.compile(r"\s*[a-z][a-z0-9+.-]+:/{2,}", re.IGNORECASE)


def to_read(typed: str) -> str:
    """Return the path of a file or folder, whatever way it was written.

    Parameters
    ----------
    typed
        A path as it stands on the command line. What is there by that very name is meant.

    Raises
    ------
    UmtnError
        If it is a URI, and not of a file here.
    """
    if os.path.lexists(typed):
        return typed
    meant = list(_meant(typed, "input"))
    there = next(filter(os.path.lexists, meant), None)
    # What a URI means is said to be missing, rather than a file that is called like one.
    return there or (meant[-1] if _URI.match(typed) else typed)


def to_write(typed: str) -> str:
    """Return the path of a new file or folder that was written as a URI, or in the user's home.

    Parameters
    ----------
    typed
        A path as it stands on the command line.

    Raises
    ------
    UmtnError
        If it is a URI, and not of a file here.
    """
    if (not typed.startswith("~/") and not _URI.match(typed)) or os.path.lexists(typed):
        return typed
    return list(_meant(typed, "output"))[-1]


def _meant(typed: str, what: str) -> Iterator[str]:
    """Yield what a path can mean, as it is first; the bridge reads them alike."""
    from bridge.jobs.path_readings import readings
    from bridge.jobs.request import RequestError

    try:
        yield from readings(typed, what)
    except RequestError as error:
        if _URI.match(typed):
            raise UmtnError(
                f"{typed} is a URI, but not one of a file on this machine; write a plain path."
            ) from error
