"""Folders of the user's own: how they are made, and who else could change what is in one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: The rights of others to put files into a folder, or to take them away.
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_own(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone.

    Left to itself, Python makes those above as wide as the umask says, and whoever can change one
    of them can put another folder in the place of the last.

    Raises
    ------
    OSError
        If one cannot be made.
    """
    if not os.path.lexists(folder.parent):
        make_own(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def trusted_users() -> set[int]:
    """Return the numbers of this user, and of those who can do everything anyhow."""
    # The owner of / can do everything; in a container it has another number.
    return {os.getuid(), 0, os.stat("/").st_uid}


def strangers_in(folder: Path) -> str:
    """Say which strangers can change what is in a folder, as the end of a sentence about it.

    A group is none: whoever gives a folder to one works with it.

    Returns
    -------
    str
        Nothing where there are none, or the system does not tell.

    Raises
    ------
    OSError
        If the folder cannot be looked at.
    """
    if not hasattr(os, "getuid"):
        return ""
    status = folder.stat()
    if status.st_uid not in trusted_users():
        return f"belongs to {_name(status.st_uid)}"
    if status.st_mode & stat.S_IWOTH:
        return "is open to every user of this machine"
    return ""


def _name(number: int) -> str:
    import pwd

    try:
        return f"the user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user number {number}"
