"""Whether there can be a file of a name, known before there is one."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from umtn_core.errors import UmtnError

#: What every file system allows a file to have in bytes, but for some of long ago.
_FULL = 2**31 - 1


class ImpossibleName(UmtnError):
    """A name that the file system does not allow."""


def check_place(path: Path, *, overwrite: bool, make_folders: bool = False) -> None:
    """Refuse a path at which no file could be written.

    Parameters
    ----------
    path
        The file that is to be.
    overwrite
        Whether a file that is there already may be replaced.
    make_folders
        Whether folders that are missing will be made before it is written.

    Raises
    ------
    ImpossibleName
        If the file system allows no such name, of the file or of a folder to be made.
    UmtnError
        If something is there that is no file or must not be replaced, or the folder is not
        there or cannot be written to.
    """
    with _as_sentences(path):
        there = _kind(path)
        if there == stat.S_IFDIR:
            raise UmtnError(f"{path} is a folder, not a file.")
        if there is not None and not overwrite:
            raise UmtnError(f"{path} exists already; choose another name, or ask to overwrite it.")
        if there not in (None, stat.S_IFREG):
            raise UmtnError(f"{path} is no ordinary file, and is not replaced.")
        folder = Path(os.path.realpath(path)).parent if there is not None else path.parent
        missing = _missing(folder)
        if missing and not make_folders:
            raise UmtnError(f"There is no folder {folder}.")
        nearest = missing[-1].parent if missing else folder
        if not nearest.is_dir():
            raise UmtnError(f"{nearest} is not a folder.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise UmtnError(f"The folder {nearest} cannot be written to.")
        for name in (path.name, *(each.name for each in missing)):
            _try_name(nearest, name)


def check_room(path: Path, size: int, besides: int = 0) -> None:
    """Refuse what surely does not fit on the disk.

    Parameters
    ----------
    path
        The file that is to be; folders above it may be missing.
    size
        The bytes that it is going to have.
    besides
        The bytes that will be written to the same disk before.

    Raises
    ------
    UmtnError
        If fewer are free, or the file system has no files of that size.
    """
    folder = nearest_folder(path)
    if size > _FULL and not _can_be_as_long(folder, size):
        raise UmtnError(
            f"{path} would have {size / 1e9:.1f} GB, more than a file can have in {folder}; "
            "choose a folder on another disk, or a format that packs, such as .flac."
        )
    disk = shutil.disk_usage(folder)
    # Some of what is not used is kept for the superuser.
    is_superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    free = disk.total - disk.used if is_superuser else disk.free
    # Where nobody knows how large a disk is, all numbers are 0.
    if size and disk.total > 0 and besides + size > free:
        others = f" after {besides / 1e6:.1f} MB of others" if besides else ""
        raise UmtnError(
            f"{path} would have {size / 1e6:.1f} MB{others}, and of the disk {folder} lies on "
            f"{free / 1e6:.1f} MB are free; make room, or choose another folder."
        )


def _can_be_as_long(folder: Path, size: int) -> bool:
    """Whether files there can be of a size: nowhere else can one go to in a file."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.lseek(file.fileno(), size, os.SEEK_SET)
    except OSError as error:
        return error.errno not in (errno.EINVAL, errno.EFBIG, errno.EOVERFLOW)
    return True


def nearest_folder(path: Path) -> Path:
    """Return the innermost folder above a path that is there."""
    return next(folder for folder in path.absolute().parents if folder.exists())


def _kind(path: Path) -> int | None:
    """Return the kind of what is at a path, as `stat.S_IFMT` has it; None if there is nothing.

    A link is what it leads to; if that is missing, the link is what is there.
    """
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except FileNotFoundError:
        return stat.S_IFREG if os.path.islink(path) else None
    except NotADirectoryError:
        return None


def _missing(folder: Path) -> list[Path]:
    """List the folders that would have to be made, the innermost first."""
    return list(takewhile(lambda each: _kind(each) is None, [folder, *folder.parents]))


def _try_name(folder: Path, name: str) -> None:
    """Make a file of nearly this name and take it away, since only that is sure to tell.

    File systems differ in what they allow, and rights in what they mean.
    """
    with suppress(FileNotFoundError):
        os.lstat(folder / name)
    # Hidden; where the name is as long as can be, in place of its first character.
    for hidden in (f".{name}", f".{name[1:]}"):
        try:
            os.close(os.open(folder / hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                continue
            raise
        os.unlink(folder / hidden)
        return


@contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ImpossibleName(
                f"{path} cannot be written, since its name is too long for the file system; "
                "choose a shorter one."
            ) from error
        if error.errno in (errno.EINVAL, errno.EILSEQ):
            raise ImpossibleName(
                f"{path} cannot be written, since the file system allows no such name; choose "
                "another one."
            ) from error
        raise UmtnError(f"Cannot write {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise ImpossibleName(
            f"{str(path)!r} cannot be written, since no file can have that name; choose another "
            "one."
        ) from error
