"""A file that appears when it is complete, or never."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

#: What file systems answer that know no nameless files or no second names.
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM,
                errno.ENOSYS, errno.EXDEV, errno.EACCES}  # fmt: skip


@contextmanager
def whole_file(path: Path, *, overwrite: bool, meanwhile: str | None = None) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name once the block has ended well.

    Where the system can, it has no name at all until then, so that even a kill leaves
    nothing behind. Elsewhere it lies beside the path under a hidden name.

    Parameters
    ----------
    path
        The path that the file is to have.
    overwrite
        Replace what has that name by then.
    meanwhile
        Its hidden name until then, where it needs one; None, a random one.

    Raises
    ------
    FileExistsError
        If something has the name by then and may not be replaced.
    OSError
        If it cannot be written, say since the disk is full.
    """
    beside = path.with_name(meanwhile or f".{secrets.token_hex(8)}.part")
    descriptor, named = _open_nameless(path.parent), False
    if descriptor is None:
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
        descriptor, named = os.open(beside, flags, 0o666), True
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not named:
                _name(file.fileno(), beside if overwrite else path)
                named = overwrite
        if named:
            _rename(beside, path, overwrite)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)


def _open_nameless(folder: Path) -> int | None:
    """Open a file without a name; None where there are no such files."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise


def _name(descriptor: int, path: Path) -> None:
    """Give a nameless file its name; fails if the name is taken."""
    # The path is absolute, so src_dir_fd names nothing; but only when it is given does Python
    # call linkat, and only linkat follows the link that /proc holds.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)


def _rename(beside: Path, path: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(beside, path)
        return
    try:
        # Unlike a rename, a link never replaces.
        os.link(beside, path)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        os.rename(beside, path)
    else:
        beside.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe from a power cut, where folders can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
