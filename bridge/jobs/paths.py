"""Which files a request may name, looked at so that nobody can swap them in between."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

from bridge.jobs.path_readings import (
    BEFORE,
    bare_name,
    check_no_controls,
    check_not_foreign,
    readings,
)
from bridge.jobs.request import RequestError
from bridge.protocol import LONGEST_PATH
from bridge.text import quoted, shortened

LONGEST_NAME = 255
#: The one format of results: floating point, so that nothing is clipped or rounded.
SUFFIX = ".wav"

#: What lies here is not a file that somebody has recorded, whatever folders are allowed above it.
_SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev"))) if os.name == "posix" else ()

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class AllowedFolders:
    """The folders that requests may read from and write to.

    Parameters
    ----------
    session
        The session folder, where relative paths begin.
    others
        Further folders, which absolute paths may lead into.
    """

    def __init__(self, session: Path, others: Iterable[Path] = ()):
        self.session = Path(os.path.realpath(session))
        self.roots = (self.session, *(Path(os.path.realpath(other)) for other in others))

    @contextmanager
    def input(self, text: str) -> Iterator[tuple[Path, BinaryIO]]:
        """Resolve the path of an input, and open it.

        Raises
        ------
        RequestError
            If it is not there, or may not be read.
        """
        path = self._first(text, "input", self._existing)
        with self.open_input(path) as file:
            yield path, file

    @contextmanager
    def open_input(self, path: Path) -> Iterator[BinaryIO]:
        """Open a file whose path was resolved earlier, making sure that it still is that file.

        Raises
        ------
        RequestError
            If it is gone, is not a plain file, or turns out to lie elsewhere.
        """
        try:
            # Opening a device can set it in motion, and a pipe can wait for ever.
            _check_plain(os.stat(path, follow_symlinks=False), path)
            flags = os.O_RDONLY | _NO_LINKS | getattr(os, "O_NONBLOCK", 0)
            file = os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb")
        except OSError as error:
            raise _unreadable(path, error) from error
        with file:
            try:
                _check_plain(os.fstat(file.fileno()), path)
                self._check_place(file.fileno(), path)
            except OSError as error:
                raise _unreadable(path, error) from error
            yield file

    def output(self, text: str) -> Path:
        """Resolve the path of a result, which must not be there.

        Raises
        ------
        RequestError
        """
        return self._first(text, "output", self._free)

    def unused(self, names: Iterator[str]) -> Path:
        """Return the path of a result in the session folder, by the first name that is free.

        Raises
        ------
        RequestError
            If the folder cannot be written to.
        """
        _check_writable(self.session)
        _check_storable(self.session, "session folder")
        return next(path for name in names if not os.path.lexists(path := self.session / name))

    @contextmanager
    def open_folder(self, folder: Path) -> Iterator[Path]:
        """Hold on to a folder that was resolved earlier.

        Yields
        ------
        Path
            That leads to that very folder even if its name is given to another, where the
            system has such paths.

        Raises
        ------
        RequestError
            If it is gone, or turns out to lie elsewhere.
        """
        if not hasattr(os, "O_DIRECTORY"):
            if not folder.is_dir() or Path(os.path.realpath(folder)) != folder:
                raise RequestError(
                    "not_found", f"There is no folder {shortened(folder)} to write to."
                )
            yield folder
            return
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS)
        except OSError as error:
            raise RequestError(
                "not_found",
                f"The folder {shortened(folder)} cannot be written to: {error.strerror}.",
            ) from error
        try:
            self._check_place(held, folder)
            door = Path(f"/proc/self/fd/{held}")
            yield door if door.exists() else folder
        finally:
            os.close(held)

    def _first(self, text: str, what: str, find: Callable[[str], Path]) -> Path:
        """Return what a text leads to as it is, or else by what it can mean besides."""
        refusal = None
        for reading in readings(text, what):
            try:
                return find(reading)
            except RequestError as error:
                if error.code in ("exists", "disk"):
                    raise  # this was meant; nothing is written elsewhere instead
                refusal = error
        assert refusal is not None
        raise refusal

    def _existing(self, text: str) -> Path:
        path = self._resolved(_checked(text, "input"), "input")
        if not _is_there(path):
            raise RequestError("not_found", f"There is no file {shortened(path)}.")
        return path

    def _free(self, text: str) -> Path:
        text = text.lstrip(BEFORE)
        asked = _checked(text, "output")
        name = bare_name(asked.name)
        if Path(name).suffix.lower() != SUFFIX:
            raise RequestError(
                "bad_request", f"The output must be the path of a file that ends in {SUFFIX}."
            )
        if asked.parent == Path() or not (self.session / asked.parent).is_dir():
            check_not_foreign(text, "output")
        folder = self._resolved(asked.parent, "output")
        _check_writable(folder)
        path = folder / name
        try:
            os.lstat(path)
        except FileNotFoundError:
            return path
        except OSError as error:  # say, a file system with shorter names
            raise RequestError(
                "disk",
                f"{shortened(path)} cannot be written: {error.strerror}; choose another name.",
            ) from error
        raise RequestError(
            "exists",
            f"{shortened(path)} exists already, and nothing is overwritten; choose another name.",
        )

    def _resolved(self, asked: Path, what: str) -> Path:
        """Follow all links of a path, which may be written in another normal form than on disk."""
        try:
            path = Path(os.path.realpath(self.session / asked))
        except ValueError as error:
            raise RequestError("bad_request", f"The {what} is not a path.") from error
        except OSError as error:
            raise RequestError(
                "denied", f"{shortened(asked)} cannot be looked at: {error.strerror or error}."
            ) from error
        path = self._from_root(path)
        self._check_allowed(path)
        path = path if _is_there(path) else self._alike(path)
        _check_storable(path, what)
        if what == "output":
            # A link may lead to what could not be asked for outright.
            root = next(root for root in self.roots if _is_within(path, root))
            check_no_controls(os.fspath(path)[len(os.fspath(root)) :], what)
        return path

    def _from_root(self, path: Path) -> Path:
        """Write the folder that a path begins with as it was allowed."""
        for root in self.roots if not str(path).isascii() else ():
            begin, rest = path.parts[: len(root.parts)], path.parts[len(root.parts) :]
            same = normalize("NFC", os.path.join(*begin)) == normalize("NFC", str(root))
            if same and not _is_there(Path(*begin)):
                return Path(root, *rest)
        return path

    def _alike(self, path: Path) -> Path:
        """Find the one file whose name differs only by normal form; else return the path again.

        What is e with an accent on one disk is e and an accent on another.
        """
        if str(path).isascii():
            return path
        found = next(root for root in self.roots if _is_within(path, root))
        for part in path.relative_to(found).parts:
            inner = found / part
            if not _is_there(inner):
                alike = _names_alike(found, part)
                if len(alike) != 1:
                    return path
                inner = found / alike[0]
            # It may be a link, and no other folder is to be looked into.
            found = Path(os.path.realpath(inner))
            self._check_allowed(found)
        return found

    def _check_allowed(self, path: Path) -> None:
        roots = [root for root in self.roots if _is_within(path, root)]
        system = [folder for folder in _SYSTEM if _is_within(path, folder)]
        # A folder within /dev, say /dev/shm, may be allowed by name.
        if system:
            roots = [root for root in roots if _is_within(root, system[0]) and root != system[0]]
        if not roots:
            raise RequestError(
                "denied",
                f"{shortened(path)} is not in a folder that the bridge may use; put it into "
                f"{shortened(self.session)}, or allow its folder with --allow.",
            )

    def _check_place(self, descriptor: int, path: Path) -> None:
        """Make sure that what was opened lies where its path said."""
        place = _place(descriptor)
        if place is None:
            # Not told by this system: then the path must lead, by no link, to what was opened.
            same = os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
            place = Path(os.path.realpath(path))
            if not same:
                raise RequestError(
                    "not_found", f"{shortened(path)} was replaced while it was being opened."
                )
        self._check_allowed(place)


def _checked(text: str, what: str) -> Path:
    """Refuse text that is no path anywhere, before the system sees it."""
    if not text:
        raise RequestError("bad_request", f"The {what} is empty; give the path of a file.")
    check_no_controls(text, what)
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:
        raise RequestError("bad_request", f"The {what} is not UTF-8; rename the file.") from error
    parts = octets.replace(b"\\", b"/").split(b"/")
    if len(octets) > LONGEST_PATH or max(map(len, parts)) > LONGEST_NAME:
        raise RequestError(
            "bad_request",
            f"The {what} is too long: a path has {LONGEST_PATH} bytes at most, and each name "
            f"in it {LONGEST_NAME}.",
        )
    return Path(text)


def _check_storable(path: Path, what: str) -> None:
    """Refuse what a link leads to, if its name is none that can be written down or sent."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            "bad_request",
            f"The {what} leads to {quoted(os.fspath(path), error.start)}, a name that is not "
            "UTF-8; rename it.",
        ) from error


def _is_there(path: Path) -> bool:
    """Tell whether a path leads to anything; what cannot be told is left to who opens it."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _names_alike(folder: Path, name: str) -> list[str]:
    """List what in a folder has a name that differs by normal form only."""
    composed = normalize("NFC", name)
    try:
        return [each for each in os.listdir(folder) if normalize("NFC", each) == composed]
    except OSError:
        return []


def _check_writable(folder: Path) -> None:
    if not folder.is_dir():
        raise RequestError("not_found", f"There is no folder {shortened(folder)} to write to.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RequestError("disk", f"The folder {shortened(folder)} cannot be written to.")


def _is_within(path: Path, folder: Path) -> bool:
    """Compare whole paths; pathlib's own comparison takes ten times as long."""
    within = os.path.join(folder, "")
    return path == folder or os.fspath(path).startswith(within)


def _place(descriptor: int) -> Path | None:
    """Ask the system where an open file lies."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(os.readlink(f"/proc/self/fd/{descriptor}"))
    if sys.platform == "darwin":
        import fcntl

        found = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))
        return Path(os.fsdecode(found.rstrip(b"\0")))
    return None


def _check_plain(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise RequestError("bad_request", f"{shortened(path)} is a folder, not a file.")
    if not stat.S_ISREG(status.st_mode):
        raise RequestError(
            "denied", f"{shortened(path)} is not a plain file but a device, a pipe or a link."
        )


def _unreadable(path: Path, error: OSError) -> RequestError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return RequestError("not_found", f"There is no file {shortened(path)}.")
    return RequestError("denied", f"{shortened(path)} cannot be read: {error.strerror or error}.")
