"""Jobs that the bridge gives itself, which no client may name, see or be told of."""

from __future__ import annotations

from pathlib import Path

from bridge.jobs.paths import AllowedFolders
from bridge.jobs.request import RenderRequest

#: A control character, which no id of a client's has.
_MARK = "\x01"


def own_id(name: str) -> str:
    """Make the id of a job of the bridge's own."""
    return _MARK + name


def is_own(id: str) -> bool:
    """Say whether a job is the bridge's own."""
    return id.startswith(_MARK)


def folders_of(request: RenderRequest, folders: AllowedFolders) -> AllowedFolders:
    """Say which folders a job may use: its own one alone if it is the bridge's.

    Parameters
    ----------
    request
        The job's request, with the real paths that it is carried out by.
    folders
        The folders that clients may use.
    """
    return AllowedFolders(Path(request.output).parent) if is_own(request.id) else folders
