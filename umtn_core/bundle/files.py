"""The files of a bundle, whether they lie in a folder or in a zip of it."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path
from typing import Protocol

from umtn_core.bundle.manifest import MANIFEST
from umtn_core.errors import UmtnError

#: Far above any real graph; a zip that claims more is not to be unpacked into memory.
LARGEST_FILE = 2**31

#: Characters of a path that are repeated to whoever typed it, when it is far too long.
_LONGEST = 200


class Storage(Protocol):
    """Somewhere files can be read from by name."""

    def read(self, name: str) -> bytes:
        """Return the contents of a file; KeyError if there is none of that name."""


class FolderStorage:
    """A bundle that is a folder, and what to call it."""

    def __init__(self, path: Path, called: str):
        self._path = path
        self._called = called

    def read(self, name: str) -> bytes:
        """See `Storage.read`."""
        try:
            return (self._path / name).read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise KeyError(name) from error
        except OSError as error:
            raise UmtnError(
                f"Cannot read {name} in the model bundle {self._called}: {error.strerror}."
            ) from error


class ZipStorage:
    """A bundle that is a zip, of the folder or of what is in it, and what to call it."""

    def __init__(self, path: Path, called: str):
        self._path = path
        self._called = called
        try:
            with zipfile.ZipFile(path) as archive:
                self._members = {info.filename: info for info in archive.infolist()}
        except zipfile.BadZipFile as error:
            raise UmtnError(no_bundle(called, "it is neither a folder nor a zip file")) from error
        except OSError as error:
            raise UmtnError(f"Cannot read the model bundle {called}: {error.strerror}.") from error
        manifests = [n for n in self._members if n.rsplit("/", 1)[-1] == MANIFEST]
        # Zips made of the folder itself keep its name in front of every file's.
        shallowest = min(manifests, key=lambda n: n.count("/"), default=MANIFEST)
        self._prefix = shallowest.removesuffix(MANIFEST)

    def read(self, name: str) -> bytes:
        """See `Storage.read`."""
        info = self._members[self._prefix + name]
        if info.file_size > LARGEST_FILE:
            raise UmtnError(f"{name} in {self._called} is too large for a part of a model bundle.")
        try:
            with zipfile.ZipFile(self._path) as archive:
                return archive.read(info)
        except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError) as error:
            raise UmtnError(f"{name} in {self._called} is damaged: {error}.") from error


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
