"""Folders held open, so that what is asked about in them is in them and nowhere else.

Whoever may write into a folder can put a link in place of one within it, at any moment. A path that
is looked at by its text then tells of what lies where the link leads, even if that is refused
afterwards. Here every step of a path is a folder of that name in the one before, or nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

#: Windows opens no folders, and has no links that anybody may make.
_STEPS = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
#: A folder may be passed through by those who may not list it.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | NO_LINKS


class Folder:
    """A folder that is held open, made by `held`. Each method raises OSError.

    Parameters
    ----------
    path
        Its path, by no link.
    descriptor
        It itself, where the system opens folders.
    """

    def __init__(self, path: Path, descriptor: int | None):
        self.path = path
        self.descriptor = descriptor

    def stat(self, name: str) -> os.stat_result:
        """Look at what has a name in it; at a link itself."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def open(self, name: str) -> int:
        """Open a file of it for reading, whatever it is, and return its descriptor."""
        # A pipe can wait for ever.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        return os.open(self._at(name), flags | NO_LINKS, dir_fd=self.descriptor)

    def names(self) -> list[str]:
        """List what is in it."""
        if self.descriptor is None:
            return os.listdir(self.path)
        listed = os.open(".", os.O_RDONLY | NO_LINKS, dir_fd=self.descriptor)
        try:
            return os.listdir(listed)
        finally:
            os.close(listed)

    def is_writable(self) -> bool:
        """Whether files can be made in it."""
        return os.access(self._at("."), os.W_OK | os.X_OK, dir_fd=self.descriptor)

    def _at(self, name: str) -> str:
        return os.fspath(self.path / name) if self.descriptor is None else name or "."


@contextmanager
def held(path: Path) -> Iterator[Folder]:
    """Hold on to a folder.

    Parameters
    ----------
    path
        Its path, in which there was no link.

    Raises
    ------
    OSError
        If it is not there any more; of the number ``ELOOP`` if a link is in its way.
    """
    if not _STEPS:
        if not path.is_dir() or Path(os.path.realpath(path)) != path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        yield Folder(path, None)
        return
    here = os.open(path.anchor, _PASS)
    try:
        for part in path.parts[1:]:
            inner = _step(here, part)
            os.close(here)
            here = inner
        yield Folder(path, here)
    finally:
        os.close(here)


def is_there(path: Path) -> bool:
    """Tell whether a path without links leads to anything; what cannot be told is left to others.

    Parameters
    ----------
    path
        An absolute path.
    """
    try:
        with held(path.parent) as folder:
            folder.stat(path.name)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _step(folder: int, name: str) -> int:
    """Open a folder within one."""
    try:
        return os.open(name, _PASS, dir_fd=folder)
    except NotADirectoryError as error:
        # What systems say of a link here is not the same everywhere.
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
        raise
