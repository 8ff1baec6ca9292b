"""Folders that the bridge makes, into which nobody but its user can look."""

from __future__ import annotations

import contextlib
from fnmatch import fnmatch
from pathlib import Path

from bridge.jobs.settings import default_session_folder
from bridge.own_folders import make_own
from umtn_core.errors import UmtnError

#: What the bridge keeps in its data folder.
_DATA = ("jobs.*", "damaged-*", "clock.json*", "lock", "work", "worker-*.log")


def make_data_folder(folder: Path) -> None:
    """Make the folder of the job store, or close it to others, as older versions left it open.

    One that holds other things as well is the user's, and stays as it is.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    make_own(folder)
    if all(_is_data(entry.name) for entry in folder.iterdir()):
        _close(folder)


def make_session_folder(folder: Path) -> None:
    """Make the folder where clients and the bridge put files, or close the default one to others.

    Another one that is there is as the user wants it.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    make_own(folder)
    if _is_default(folder):
        _close(folder)


def _is_default(folder: Path) -> bool:
    try:
        return folder == default_session_folder().absolute()
    except UmtnError:
        # This user has no home.
        return False


def _close(folder: Path) -> None:
    """Let nobody in but its owner, where this user may say so and the file system knows it."""
    with contextlib.suppress(OSError):
        if not folder.is_symlink() and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)


def _is_data(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in _DATA)
