"""Files to make a store of: in a folder, or in a tar or zip archive that stays packed."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from umtn_core.errors import UmtnError

#: Longest text that is read into memory: the list of notes of the largest known data set, twice.
LONGEST_TEXT = 1 << 28
#: Where an archive's files lie one by one while they are read, in the store.
SPOOL = ".unpacked"

_PACKERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_DAMAGES = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, OSError,
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One file of a collection.

    Attributes
    ----------
    name : str
        Path below the collection's top, with forward slashes.
    size : int
        The size in bytes.
    modified : int
        The time of the last change in nanoseconds, as far as the archive keeps it.
    """

    name: str
    size: int
    modified: int


@dataclass(frozen=True)
class Contents:
    """What a collection holds.

    Attributes
    ----------
    items : list of Item
        All files, by name.
    texts : dict of str to bytes
        Those that were asked for, read.
    """

    items: list[Item]
    texts: dict[str, bytes]


class Collection(ABC):
    """Files that are listed first and then read one after another.

    Parameters
    ----------
    path
        The folder or archive.
    """

    def __init__(self, path: Path):
        self.path = path

    @abstractmethod
    def contents(self, as_text: Callable[[str], bool]) -> Contents:
        """List all files; of an archive, all of it is read and checked.

        Parameters
        ----------
        as_text
            Says of a name whether to read that file as well.

        Raises
        ------
        UmtnError
            If it is damaged, or a text is too long.
        """

    @abstractmethod
    def files(self, names: set[str], store: Path) -> Iterator[tuple[str, Path]]:
        """Yield some files as ordinary ones, in the order that is quickest.

        What lies below the store's `SPOOL` folder is a copy, for the caller to remove.
        """


def open_collection(path: str | os.PathLike[str]) -> Collection:
    """Open a folder or archive.

    Raises
    ------
    UmtnError
        If it is neither.
    """
    path = Path(path)
    if path.is_dir():
        return _Folder(path)
    if not path.exists():
        raise UmtnError(f"There is no folder or archive {path}.")
    if zipfile.is_zipfile(path):
        return _Zip(path)
    try:
        with tarfile.open(path):
            return _Tar(path)
    except (*_DAMAGES, MemoryError) as error:
        raise UmtnError(f"{path} is neither a folder nor a tar or zip archive.") from error


class _Folder(Collection):
    def contents(self, as_text: Callable[[str], bool]) -> Contents:
        items, texts = [], {}
        for file in sorted(self.path.rglob("*")):
            if file.is_file():
                name, status = file.relative_to(self.path).as_posix(), file.stat()
                items.append(Item(name, status.st_size, status.st_mtime_ns))
                if as_text(name):
                    texts[name] = _text(name, status.st_size, file.read_bytes)
        return Contents(items, texts)

    def files(self, names: set[str], store: Path) -> Iterator[tuple[str, Path]]:
        for name in sorted(names):
            yield name, self.path / name


class _Archive(Collection):
    """An archive of either kind, read from its beginning to its end."""

    @abstractmethod
    def _members(self) -> Iterator[tuple[Item, Callable[[], IO[bytes]]]]:
        """Yield the ordinary files, each to be opened before the next is asked for."""

    def contents(self, as_text: Callable[[str], bool]) -> Contents:
        items, texts = [], {}
        with self._whole():
            for item, opened in self._members():
                items.append(item)
                with opened() as file:
                    if as_text(item.name):
                        texts[item.name] = _text(item.name, item.size, file.read)
                    # Reading it is what checks it.
                    while file.read(1 << 20):
                        pass
        return Contents(sorted(items, key=lambda item: item.name), texts)

    def files(self, names: set[str], store: Path) -> Iterator[tuple[str, Path]]:
        left, spool = set(names), store / SPOOL
        if not left:
            return
        spool.mkdir(parents=True, exist_ok=True)
        with self._whole():
            for number, (item, opened) in enumerate(self._members()):
                if item.name not in left:
                    continue
                left.remove(item.name)
                copy = spool / f"{number}{PurePosixPath(item.name).suffix}"
                with opened() as source, copy.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                yield item.name, copy
                if not left:
                    return

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Say in one sentence what is wrong with the archive."""
        try:
            yield
        except _DAMAGES as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise UmtnError(f"The disk is full: {error.filename or self.path}.") from error
            raise UmtnError(
                f"{self.path} is damaged or cut off ({error}); fetch it again. What was made of it "
                "so far is kept."
            ) from error


class _Tar(_Archive):
    def _members(self) -> Iterator[tuple[Item, Callable[[], IO[bytes]]]]:
        # As a stream: what is packed cannot be read in another order without starting again.
        with _unpacked(self.path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if member.isfile():
                    item = Item(_plain(member.name), member.size, int(member.mtime) * 10**9)
                    yield item, partial(_opened, archive, member)
            _check_end(archive)


def _unpacked(path: Path) -> IO[bytes]:
    """Open what is packed in a way that checks it to its last byte, as tarfile does not."""
    with path.open("rb") as file:
        begins = file.read(6)
    for magic, opened in _PACKERS.items():
        if begins.startswith(magic):
            return cast("IO[bytes]", opened(path))
    return path.open("rb")


def _check_end(archive: tarfile.TarFile) -> None:
    """See that an archive has ended with zeros, and not at a member that cannot be read."""
    stream, zeros = cast("IO[bytes]", archive.fileobj), 0
    while block := stream.read(1 << 20):
        if any(block):
            raise tarfile.ReadError("a member's header is damaged")
        zeros += len(block)
    if not zeros:
        raise tarfile.ReadError("it has no end")


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    assert file is not None  # it is an ordinary file
    return file


class _Zip(_Archive):
    def _members(self) -> Iterator[tuple[Item, Callable[[], IO[bytes]]]]:
        with zipfile.ZipFile(self.path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    stamp = sum(v * 60**i for i, v in enumerate(reversed(member.date_time)))
                    item = Item(_plain(member.filename), member.file_size, stamp)
                    yield item, partial(archive.open, member)


def _plain(name: str) -> str:
    """A member's name without what says "here"."""
    return "/".join(part for part in PurePosixPath(name).parts if part not in (".", "/"))


def _text(name: str, size: int, read: Callable[[], bytes]) -> bytes:
    if size > LONGEST_TEXT:
        raise UmtnError(f"{name} is too long for what it should be.")
    return read()
