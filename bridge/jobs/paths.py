"""Which files a request may name, looked at so that nobody can swap them in between.

What is said of a path to whoever sent it repeats the path as it was sent. Of what lies outside the
folders that may be used, nothing is said but that it does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

from bridge.jobs.held_folders import Folder, held, is_there
from bridge.jobs.path_readings import (
    BEFORE,
    bare_name,
    check_no_controls,
    check_not_foreign,
    readings,
)
from bridge.jobs.request import RequestError
from bridge.protocol import LONGEST_PATH
from bridge.text import control_in, is_utf_8, on_one_line, shortened

LONGEST_NAME = 255
#: The one format of results: floating point, so that nothing is clipped or rounded.
SUFFIX = ".wav"

#: What lies here is not a file that somebody has recorded, whatever folders are allowed above it.
_SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev"))) if os.name == "posix" else ()


def as_asked(text: str) -> str:
    """Repeat a path to its sender, within a sentence.

    Parameters
    ----------
    text
        The path as it was sent.
    """
    return shortened(on_one_line(text))


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
        #: As clients are told of it, whatever links are in its path.
        self._told = as_asked(os.fspath(session))

    @contextmanager
    def input(self, text: str) -> Iterator[tuple[Path, BinaryIO]]:
        """Resolve the path of an input, and open it.

        Raises
        ------
        RequestError
            If it is not there, or may not be read.
        """
        path = self._first(text, "input", self._existing)
        with self.open_input(path, text) as file:
            yield path, file

    @contextmanager
    def open_input(self, path: Path, asked: str) -> Iterator[BinaryIO]:
        """Open a file whose path was resolved earlier, making sure that it still is that file.

        Parameters
        ----------
        path
            The path as it was resolved.
        asked
            The path as it was sent, which errors repeat.

        Raises
        ------
        RequestError
            If it is gone, is not a plain file, or turns out to lie elsewhere.
        """
        shown = as_asked(asked)
        try:
            with held(path.parent) as folder:
                # Opening a device can set it in motion.
                _check_plain(folder.stat(path.name), shown)
                file = os.fdopen(folder.open(path.name), "rb")
        except OSError as error:
            raise _unreadable(shown, error) from error
        with file:
            try:
                _check_plain(os.fstat(file.fileno()), shown)
                self._check_place(file.fileno(), path, shown)
            except OSError as error:
                raise _unreadable(shown, error) from error
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
        with self._writable(self.session, self._told):
            if not is_utf_8(os.fspath(self.session)):
                raise RequestError("disk", "The session folder has a name that is not UTF-8.")
            return next(path for name in names if not is_there(path := self.session / name))

    @contextmanager
    def open_folder(self, folder: Path, asked: str) -> Iterator[Path]:
        """Hold on to the folder of a result, which was resolved earlier.

        Parameters
        ----------
        folder
            The folder's path as it was resolved.
        asked
            The path of the result as it was sent, which errors repeat.

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
        shown = as_asked(asked)
        with contextlib.ExitStack() as stack:
            try:
                there = stack.enter_context(held(folder))
            except OSError as error:
                raise RequestError(
                    "not_found", f"The folder of {shown} cannot be written to: {error.strerror}."
                ) from error
            door = folder
            if there.descriptor is not None:
                self._check_place(there.descriptor, folder, shown)
                door = Path(f"/proc/self/fd/{there.descriptor}")
            yield door if door.exists() else folder

    def _first(self, text: str, what: str, find: Callable[[str, str], Path]) -> Path:
        """Return what a text leads to as it is, or else by what it can mean besides."""
        refusal = None
        for reading in readings(text, what):
            try:
                return find(reading, as_asked(text))
            except RequestError as error:
                if error.code in ("exists", "disk"):
                    raise  # this was meant; nothing is written elsewhere instead
                refusal = error
        assert refusal is not None
        raise refusal

    def _existing(self, text: str, shown: str) -> Path:
        asked = _checked(text, "input")
        path = self._resolved(asked, "input", shown)
        if not is_there(path):
            hint = "" if asked.is_absolute() else " (relative paths begin in the session folder)"
            raise RequestError("not_found", f"There is no file {shown}{hint}.")
        return path

    def _free(self, text: str, shown: str) -> Path:
        text = text.lstrip(BEFORE)
        asked = _checked(text, "output")
        name = bare_name(asked.name)
        if Path(name).suffix.lower() != SUFFIX:
            raise RequestError(
                "bad_request", f"The output must be the path of a file that ends in {SUFFIX}."
            )
        if asked.parent == Path():
            check_not_foreign(text, "output")
        folder = self._resolved(asked.parent, "output", shown)
        if not is_there(folder):
            check_not_foreign(text, "output")
        with self._writable(folder, f"of {shown}") as there:
            try:
                there.stat(name)
            except FileNotFoundError:
                return folder / name
            except OSError as error:  # say, a file system with shorter names
                raise RequestError(
                    "disk",
                    f"{shown} cannot be written: {error.strerror}; choose another name.",
                ) from error
        raise RequestError(
            "exists", f"{shown} exists already, and nothing is overwritten; choose another name."
        )

    @contextmanager
    def _writable(self, folder: Path, shown: str) -> Iterator[Folder]:
        """Hold on to a folder that results can be written to."""
        with contextlib.ExitStack() as stack:
            try:
                there = stack.enter_context(held(folder))
            except OSError as error:
                raise RequestError(
                    "not_found", f"The folder {shown} is not there to write to; make it first."
                ) from error
            if not there.is_writable():
                raise RequestError("disk", f"The folder {shown} cannot be written to.")
            yield there

    def _resolved(self, asked: Path, what: str, shown: str) -> Path:
        """Follow all links of a path, which may be written in another normal form than on disk."""
        path = self._place_of(asked, what, shown)
        path = path if is_there(path) else self._alike(path, shown)
        # A link may lead to what could not be asked for outright.
        if not is_utf_8(os.fspath(path)):
            raise RequestError(
                "bad_request", f"{shown} leads to a name that is not UTF-8; rename what has it."
            )
        root = next(root for root in self.roots if _is_within(path, root))
        if what == "output" and control_in(os.fspath(path)[len(os.fspath(root)) :]):
            raise RequestError(
                "bad_request",
                f"{shown} leads to a name with a control character; choose another folder.",
            )
        return path

    def _place_of(self, asked: Path, what: str, shown: str) -> Path:
        """Find where a path leads, if that is in an allowed folder."""
        whole = os.fspath(self.session / asked)
        plain = os.path.normpath(whole)
        if not self._is_within_system(Path(plain)):
            # What two dots lead back from may be a link. Where that leads out, they mean what they
            # mean by the letter: else it would be told what is a link, anywhere.
            for way in (whole, plain):
                try:
                    path = self._from_root(Path(os.path.realpath(way)))
                except ValueError as error:
                    raise RequestError("bad_request", f"The {what} is not a path.") from error
                except OSError:
                    continue
                if self._is_allowed(path):
                    return path
        raise self._denied(shown)

    def _from_root(self, path: Path) -> Path:
        """Write the folder that a path begins with as it was allowed."""
        for root in self.roots if not str(path).isascii() else ():
            begin, rest = path.parts[: len(root.parts)], path.parts[len(root.parts) :]
            same = normalize("NFC", os.path.join(*begin)) == normalize("NFC", str(root))
            if same and not os.path.lexists(os.path.join(*begin)):
                return Path(root, *rest)
        return path

    def _alike(self, path: Path, shown: str) -> Path:
        """Find the one file whose name differs only by normal form; else return the path again.

        What is e with an accent on one disk is e and an accent on another.
        """
        if str(path).isascii():
            return path
        found = next(root for root in self.roots if _is_within(path, root))
        for part in path.relative_to(found).parts:
            inner = found / part
            if not is_there(inner):
                alike = _names_alike(found, part)
                if len(alike) != 1:
                    return path
                inner = found / alike[0]
            # It may be a link, and no other folder is to be looked into.
            found = Path(os.path.realpath(inner))
            if not self._is_allowed(found):
                raise self._denied(shown)
        return found

    def _is_allowed(self, path: Path) -> bool:
        return not self._is_within_system(path) and any(
            _is_within(path, root) for root in self.roots
        )

    def _is_within_system(self, path: Path) -> bool:
        """Whether a path leads among devices and the like, and into no folder allowed by name."""
        for folder in _SYSTEM:
            if _is_within(path, folder):
                named = (root for root in self.roots if _is_within(root, folder) and root != folder)
                return not any(_is_within(path, root) for root in named)
        return False

    def _denied(self, shown: str) -> RequestError:
        return RequestError(
            "denied",
            f"{shown} is not in a folder that the bridge may use; put it into {self._told}, or "
            "allow its folder with --allow.",
        )

    def _check_place(self, descriptor: int, path: Path, shown: str) -> None:
        """Make sure that what was opened lies where its path said."""
        place = _place(descriptor)
        if place is None:
            # Not told by this system: then the path must lead, by no link, to what was opened.
            same = os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
            place = Path(os.path.realpath(path))
            if not same:
                raise RequestError("not_found", f"{shown} was replaced while it was being opened.")
        if not self._is_allowed(place):
            raise self._denied(shown)


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


def _names_alike(folder: Path, name: str) -> list[str]:
    """List what in a folder has a name that differs by normal form only."""
    composed = normalize("NFC", name)
    try:
        with held(folder) as there:
            return [each for each in there.names() if normalize("NFC", each) == composed]
    except OSError:
        return []


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


def _check_plain(status: os.stat_result, shown: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise RequestError("bad_request", f"{shown} is a folder, not a file.")
    if not stat.S_ISREG(status.st_mode):
        raise RequestError("denied", f"{shown} is not a plain file but a device, a pipe or a link.")


def _unreadable(shown: str, error: OSError) -> RequestError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return RequestError("not_found", f"There is no file {shown}.")
    if error.errno == errno.ELOOP:
        return RequestError("denied", f"{shown} was replaced by a link while it was looked at.")
    return RequestError("denied", f"{shown} cannot be read: {error.strerror or error}.")
