"""What a file has beside its content: whose it is, who may use it, and what is noted of it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress


def copy_attributes(source: int, target: int) -> None:
    """Give an open file what another one has beside its content, as far as the system lets.

    That is owner and group, extended attributes, among them the lists of who may use it, and its
    mode. Not its times.

    Parameters
    ----------
    source, target
        Descriptors of open files, the second a new one of one's own.
    """
    if not hasattr(os, "fchown"):
        return  # Windows has none of these
    theirs, ours = os.fstat(source), os.fstat(target)
    mode = stat.S_IMODE(theirs.st_mode)
    # One by one: who is not the superuser may give a file to a group, but to nobody else.
    if ours.st_gid != theirs.st_gid:
        with suppress(OSError):
            os.fchown(target, -1, theirs.st_gid)
    if ours.st_uid != theirs.st_uid:
        with suppress(OSError):
            os.fchown(target, theirs.st_uid, -1)
    if os.fstat(target).st_gid != theirs.st_gid:
        # Another group may do no more than everybody.
        mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    _copy_extended(source, target)
    # At last, since to change the owner takes bits away, and a list of users changes the group's.
    with suppress(OSError):
        os.fchmod(target, mode)


def _copy_extended(source: int, target: int) -> None:
    """Copy extended attributes, which include access control lists."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        names = set(os.listxattr(source))
        # A folder gives new files lists of its own.
        for name in set(os.listxattr(target)) - names:
            with suppress(OSError):
                os.removexattr(target, name)
        for name in names:
            with suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))
