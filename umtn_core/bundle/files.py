"""The files of a bundle, whether they lie in a folder or in a zip of it.

A bundle may come from anybody. So nothing is opened that is not a regular file, and of none more
is read, unpacked or kept than it can need.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Protocol, TypeVar

from umtn_core.bundle.manifest import LARGEST_MANIFEST, MANIFEST
from umtn_core.errors import UmtnError

#: Bytes that a zip's directory may have: thousands of files.
_LARGEST_DIRECTORY = 2**20

#: Bytes that are unpacked at a time.
_PIECE = 2**18

#: Characters of a path that are repeated to whoever typed it, when it is far too long.
_LONGEST = 200

#: What opens a file without waiting for anybody, or making a terminal this process's own.
_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
)


_Reader = TypeVar("_Reader", bound=io.BufferedReader)


class Storage(Protocol):
    """Somewhere files can be read from by name. KeyError means that there is none."""

    def size(self, name: str) -> int:
        """Return how many bytes a file has, or claims to have."""

    def read(self, name: str, most: int) -> bytes:
        """Return the contents of a file; UmtnError if they are more bytes than ``most``."""

    def __enter__(self) -> Storage:
        """Hold the files open where that is needed."""

    def __exit__(self, *_: object) -> None:
        """Close what was open."""


class FolderStorage:
    """A bundle that is a folder, and what to call it."""

    def __init__(self, path: Path, called: str):
        self._path = path
        self._called = called

    def __enter__(self) -> FolderStorage:
        """See `Storage`."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `Storage`."""

    def size(self, name: str) -> int:
        """See `Storage.size`."""
        try:
            return _regular(os.stat(self._path / name)).st_size
        except (OSError, ValueError) as error:
            raise self._refusal(name, error) from error

    def read(self, name: str, most: int) -> bytes:
        """See `Storage.read`."""
        try:
            with _opened(self._path / name, io.BufferedReader) as file:
                size = os.fstat(file.fileno()).st_size
                # One byte more than a file says it has: those of /proc say 0, and others grow.
                contents = b"" if size > most else file.read(min(size, most) + 1)
        except (OSError, ValueError) as error:
            raise self._refusal(name, error) from error
        if size > most:
            raise too_large(name, self._called)
        if len(contents) != size:
            raise UmtnError(
                f"{name} in the model bundle {self._called} has another length than it says."
            )
        return contents

    def _refusal(self, name: str, error: Exception) -> Exception:
        if isinstance(error, (FileNotFoundError, IsADirectoryError)):
            return KeyError(name)
        return UmtnError(
            f"Cannot read {name} in the model bundle {self._called}: {_reason(error)}."
        )


class ZipStorage:
    """A bundle that is a zip, of the folder or of what is in it, and what to call it."""

    def __init__(self, path: Path, called: str):
        self._called = called
        try:
            self._file = _opened(path, _DirectoryReader)
        except (OSError, ValueError) as error:
            raise UmtnError(f"Cannot read the model bundle {called}: {_reason(error)}.") from error
        try:
            self._archive = zipfile.ZipFile(self._file)
            members = self._archive.infolist()
        except Exception as error:  # zipfile raises of all kinds for what was made to mislead it
            self._file.close()
            why = "it is neither a folder nor a zip file"
            if isinstance(error, _TooLong):
                why = "it is a zip of far more files than one has"
            raise UmtnError(no_bundle(called, why)) from error
        # Some programs of Windows part folders by backslashes, which zips should not hold.
        self._members = {info.filename.replace("\\", "/"): info for info in members}
        self._twice = len(self._members) < len(members)
        manifests = [n for n in self._members if n.rsplit("/", 1)[-1] == MANIFEST]
        # Zips made of the folder itself keep its name in front of every file's.
        shallowest = min(manifests, key=lambda n: n.count("/"), default=MANIFEST)
        self._prefix = shallowest.removesuffix(MANIFEST)

    def __enter__(self) -> ZipStorage:
        """See `Storage`."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `Storage`."""
        self._archive.close()
        self._file.close()

    def size(self, name: str) -> int:
        """See `Storage.size`."""
        return self._member(name).file_size

    def read(self, name: str, most: int) -> bytes:
        """See `Storage.read`."""
        info = self._member(name)
        if info.file_size > most:
            raise too_large(name, self._called)
        unpacked = io.BytesIO()
        try:
            with self._archive.open(info) as member:
                # No more than the directory says: zipfile ends there, and compares the sums.
                while piece := member.read(_PIECE):
                    unpacked.write(piece)
        except Exception as error:
            raise UmtnError(f"{name} in {self._called} is damaged: {_reason(error)}.") from error
        if unpacked.tell() != info.file_size:
            raise UmtnError(f"{name} in {self._called} is damaged: it ends too early.")
        return unpacked.getvalue()

    def _member(self, name: str) -> zipfile.ZipInfo:
        if self._twice:
            raise UmtnError(no_bundle(self._called, "it is a zip with two files of one name"))
        info = self._members[self._prefix + name]
        if info.flag_bits & 1:
            raise UmtnError(f"{name} in {self._called} is encrypted; make the zip without.")
        # Of the others, zipfile unpacks a whole piece at once, however long that becomes.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UmtnError(
                f"{name} in {self._called} is packed in a way that is not read here; "
                "make the zip with deflate."
            )
        return info


class _TooLong(Exception):
    """More is to be read at once than a directory may have."""


class _DirectoryReader(io.BufferedReader):
    """Refuses to read a directory at once that no bundle has: zipfile believes its length."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = _LARGEST_DIRECTORY
        elif size > _LARGEST_DIRECTORY:
            raise _TooLong
        return super().read(size)


def _regular(status: os.stat_result) -> os.stat_result:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is a pipe, a device or a socket, and no file")
    return status


def _opened(path: Path, kind: type[_Reader]) -> _Reader:
    """Open a regular file, through links too, and nothing else: opening others can do harm."""
    _regular(os.stat(path))
    descriptor = os.open(path, _FLAGS)
    try:
        _regular(os.fstat(descriptor))
        return kind(io.FileIO(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__


def too_large(name: str, called: str) -> UmtnError:
    """Say that a file has more bytes than a part of a bundle can have."""
    return UmtnError(f"{name} in {called} is too large for a part of a model bundle.")


def no_bundle(called: str, reason: str) -> str:
    """Say why something is none, and what to name in its place."""
    return f"{called} is not a model bundle: {reason}; name a folder that `umtn export` has made."


def open_storage(path: Path, called: str) -> Storage:
    """Open the files of the bundle at a path.

    Parameters
    ----------
    path
        The folder or zip.
    called
        What to call the bundle in an error.

    Raises
    ------
    UmtnError
        If there is nothing, or neither a folder nor a zip, or none that can be reached.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UmtnError(
            f"There is no model bundle at {called}; `umtn models` lists those that need no path."
        ) from error
    except OSError as error:
        where = called if len(called) <= _LONGEST else f"{called[:_LONGEST]}..."
        raise UmtnError(f"Cannot open the model bundle {where}: {error.strerror}.") from error
    return FolderStorage(path, called) if stat.S_ISDIR(mode) else ZipStorage(path, called)


def read_manifest_of(storage: Storage) -> bytes:
    """Return the contents of a bundle's manifest; KeyError if there is none."""
    return storage.read(MANIFEST, LARGEST_MANIFEST)
