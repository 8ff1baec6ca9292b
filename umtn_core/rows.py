"""Arrays as long as a recording: in memory while they are small, in a file from then on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import DiskError, UmtnError

#: What takes up more bytes lies in a file.
LARGEST_IN_MEMORY = 1 << 24


class Rows:
    """So many rows of one width; read and written by slices, from any thread.

    A file's rows are zeros until they are written. It is read and written rather than mapped, so
    that what was once looked at does not count as memory of this process.

    Parameters
    ----------
    count
        The number of rows.
    width
        Values in a row; 0, rows are single values.
    dtype
        What values are.
    folder
        Folder of the nameless file, where there has to be one; None, the system's.
    path
        Where that file is to be instead, and stay, with what it holds already.

    Attributes
    ----------
    is_kept : bool
        Whether it lies in a file that stays.

    Raises
    ------
    DiskError
        If there is no room for the file; reading and writing do the same.
    """

    def __init__(
        self,
        count: int,
        width: int = 0,
        dtype: type[np.generic] = np.float32,
        *,
        folder: Path | None = None,
        path: Path | None = None,
    ):
        self.shape: tuple[int, ...] = (count, width) if width else (count,)
        self._dtype = np.dtype(dtype)
        self._row = self._dtype.itemsize * max(1, width)
        self.is_kept = path is not None and count * self._row > LARGEST_IN_MEMORY
        self._array: NDArray[Any] | None = None
        self._lock = Lock()
        self._folder = path.parent if path is not None else folder
        if count * self._row <= LARGEST_IN_MEMORY:
            self._array = np.zeros(self.shape, self._dtype)
            return
        try:
            self._file = _opened(folder, path)
            self._file.truncate(count * self._row)
        except OSError as error:
            raise _no_room(error, self._folder) from error

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: slice) -> NDArray[Any]:
        """Give rows as an array, which is not to be changed."""
        begin, end, _ = which.indices(len(self))
        if self._array is not None:
            return self._array[begin:end]
        rows = np.empty((max(0, end - begin), *self.shape[1:]), self._dtype)
        self._all_of(rows, begin, os.preadv if hasattr(os, "preadv") else None)
        return rows

    def __setitem__(self, which: slice, rows: NDArray[Any]) -> None:
        begin, end, _ = which.indices(len(self))
        if self._array is not None:
            self._array[begin:end] = rows
            return
        if len(rows) != end - begin:
            raise ValueError(f"{len(rows)} rows do not fit where {end - begin} are")
        rows = np.ascontiguousarray(rows, self._dtype)
        self._all_of(rows, begin, os.pwritev if hasattr(os, "pwritev") else None, writes=True)

    def sync(self) -> None:
        """Make what was written safe from a crash, where it lies in a file.

        Raises
        ------
        OSError
        """
        if self._array is None:
            os.fsync(self._file.fileno())

    def _all_of(
        self, rows: NDArray[Any], first: int, at: Any | None, *, writes: bool = False
    ) -> None:
        """Read or write a whole array; a single call may do a part of it only."""
        left = rows.reshape(-1).view(np.uint8).data
        place = first * self._row
        while len(left):
            try:
                if at is not None:
                    done = at(self._file.fileno(), [left], place)
                else:
                    with self._lock:
                        self._file.seek(place)
                        done = self._file.write(left) if writes else self._file.readinto(left)
            except OSError as error:
                raise _no_room(error, self._folder) from error
            if not done:
                raise UmtnError("A file of work under way was cut off; start again.")
            left, place = left[done:], place + done


def are_there(path: Path | None, size: int) -> bool:
    """Whether rows of so many bytes are at a path, if they are so many that they lie in a file."""
    if path is None or size <= LARGEST_IN_MEMORY:
        return True
    return path.is_file() and path.stat().st_size == size


def _opened(folder: Path | None, path: Path | None) -> Any:
    """Open a file, which is closed when nobody has its rows any more."""
    if path is None:
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    return open(path, "r+b" if path.exists() else "w+b", buffering=0)


def _no_room(error: OSError, folder: Path | None) -> DiskError:
    return DiskError(
        f"Work under way cannot be kept in {folder or tempfile.gettempdir()}: "
        f"{error.strerror or error}; make room there."
    )


class Latents(Protocol):
    """Latents of some frames: an array (latent_channels, frames), or `Frames`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(latent_channels, frames)."""

    def __getitem__(self, which: tuple[slice, slice], /) -> NDArray[np.float32]: ...


class Frames:
    """Some frames of latents that lie in rows, a frame each; read as an array (channels, frames).

    Parameters
    ----------
    rows
        Where they lie.
    begin, end
        The frames that these are.
    """

    def __init__(self, rows: Rows, begin: int, end: int):
        self._rows = rows
        self._begin = begin
        self.shape = (rows.shape[1], end - begin)

    def __getitem__(self, which: tuple[slice, slice]) -> NDArray[np.float32]:
        channels, frames = which
        begin, end, _ = frames.indices(self.shape[1])
        rows: NDArray[np.float32] = self._rows[self._begin + begin : self._begin + end].T[channels]
        return rows


class Codes(Protocol):
    """Codes of a stream: an array (samples,), or `Stretch`."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: slice, /) -> NDArray[np.uint8]: ...

    def __setitem__(self, which: slice, codes: Any, /) -> None: ...


class Stretch:
    """Some of the values that lie in rows, used as an array of its own.

    Parameters
    ----------
    rows
        Where they lie.
    begin, end
        The values that these are.
    """

    def __init__(self, rows: Rows, begin: int, end: int):
        self._rows = rows
        self._begin = begin
        self._count = end - begin

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, which: slice) -> NDArray[Any]:
        begin, end, _ = which.indices(self._count)
        return self._rows[self._begin + begin : self._begin + max(begin, end)]

    def __setitem__(self, which: slice, values: NDArray[Any]) -> None:
        begin, end, _ = which.indices(self._count)
        self._rows[self._begin + begin : self._begin + end] = values
