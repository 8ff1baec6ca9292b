"""The file that is edited: which one it is, and whether its content may change at all."""

from __future__ import annotations

import errno
import filecmp
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from umtn_core.errors import UmtnError

#: Names of what is kept.
_KEPT = re.compile(r"(.+)\.original(?:-[0-9]+)?")
#: Edits of one take, for all of whose originals there should be names.
_MANY = 99


@dataclass(frozen=True)
class Take:
    """A file whose sound is to be replaced.

    Parameters
    ----------
    name
        The path as it was given, for messages.
    path
        The path of the file itself, behind all links.
    before
        What the file was when it was found.
    """

    name: Path
    path: Path
    before: os.stat_result

    @classmethod
    def at(cls, name: Path) -> Take:
        """Find a file, and refuse it where it may not be written to.

        Parameters
        ----------
        name
            Its path, or that of a symbolic link to it.

        Raises
        ------
        UmtnError
            If there is no such file, if it or its folder cannot be written to, if its name is so
            long that there is no other beside it, or if there is no room beside it.
        """
        # Unlike pathlib's, these raise nothing where a folder may not be looked into.
        is_link = os.path.islink(name)
        path = Path(os.path.realpath(name)) if is_link else name
        try:
            before = path.stat()
        except FileNotFoundError as error:
            if is_link:
                raise UmtnError(f"{name} is a link to {path}, which is not there.") from error
            raise UmtnError(f"There is no file {name}.") from error
        except OSError as error:
            raise UmtnError(f"{name} cannot be opened: {error.strerror}.") from error
        if not stat.S_ISREG(before.st_mode):
            raise UmtnError(f"{name} is not a file.")
        take = cls(name, path, before)
        take._check_not_kept()
        take._check_writable()
        take._check_name()
        take._check_room()
        return take

    @property
    def folder(self) -> Path:
        """The folder that the file lies in."""
        return self.path.absolute().parent

    def original(self, number: int) -> Path:
        """Return one of the paths that what it held may be kept at, from 1 on."""
        tail = "original" if number == 1 else f"original-{number}"
        return self.path.with_name(f"{self.path.stem}.{tail}{self.path.suffix}")

    @property
    def times(self) -> tuple[int, int]:
        """When it was last read and last written, in nanoseconds."""
        return self.before.st_atime_ns, self.before.st_mtime_ns

    @property
    def earlier(self) -> Path | None:
        """What it was before an earlier edit, if it is not that any more."""
        for number in count(1):
            kept = self.original(number)
            if not kept.is_file():
                break
            with suppress(OSError):
                if filecmp.cmp(kept, self.path, shallow=False):
                    return None
        return None if number == 1 else self.original(1)

    @property
    def has_changed(self) -> bool:
        """Whether the file is not what it was when it was found."""
        try:
            now = self.path.stat()
        except OSError:
            return True
        return _version(now) != _version(self.before)

    def check_unchanged(self) -> None:
        """Refuse to replace what somebody has changed meanwhile.

        Raises
        ------
        UmtnError
        """
        if self.has_changed:
            raise UmtnError(
                f"{self.name} has changed in the meantime and is left as it is; try again."
            )

    @property
    def must_stay(self) -> bool:
        """Whether another file cannot take its place: it has other names, or is another's."""
        if self.before.st_nlink > 1:
            return True
        folder = self.folder.stat()
        if not folder.st_mode & stat.S_ISVTX or not hasattr(os, "geteuid"):
            return False
        return os.geteuid() not in (0, self.before.st_uid, folder.st_uid)

    def _check_not_kept(self) -> None:
        found = _KEPT.fullmatch(self.path.stem)
        of = self.path.with_name(f"{found[1]}{self.path.suffix}") if found else self.path
        if of != self.path and of.is_file():
            raise UmtnError(
                f"{self.name} is what was kept of {of.name} when that was edited, and stays as it "
                "is; copy it to another name first."
            )

    def _check_writable(self) -> None:
        if not self.before.st_mode & 0o222:
            # The superuser could, but was not meant to.
            raise UmtnError(f"{self.name} is read-only; make it writable if it is to change.")
        try:
            # The system knows more reasons than the mode has. Nothing is written.
            os.close(os.open(self.path, os.O_RDWR))
        except OSError as error:
            raise UmtnError(f"{self.name} cannot be written to: {error.strerror}.") from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise UmtnError(
                f"The folder {self.folder} cannot be written to, so what {self.name} holds "
                "cannot be kept there."
            )

    def _check_name(self) -> None:
        try:
            self.original(_MANY).lstat()
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise UmtnError(f"Cannot look into {self.folder}: {error.strerror}.") from error
            raise UmtnError(
                f"{self.name} is named so long that what it holds could not be kept beside it "
                f"as {self.original(1).name}; give it a shorter name."
            ) from error

    def _check_room(self) -> None:
        """Refuse what would find the disk full after all the work, by as much as is known now."""
        needed, free = 2 * self.before.st_size, shutil.disk_usage(self.folder).free
        if free < needed:
            raise UmtnError(
                f"There is no room in {self.folder} for a new {self.name.name} and a copy of what "
                f"it holds: that takes {needed / 1e6:.1f} MB, and {free / 1e6:.1f} are free."
            )


def _version(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size
