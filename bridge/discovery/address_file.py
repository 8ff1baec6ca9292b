"""The file that says where the bridge of this user listens, and holds what lets its programs in."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import warnings
from pathlib import Path

import msgspec
import platformdirs
import psutil

from bridge.own_folders import OTHERS_WRITE, make_own, trusted_users
from bridge.text import shell_word
from umtn_core.errors import UmtnError

#: Another place for the file.
VARIABLE = "UMTN_BRIDGE_FILE"

#: No system numbers its processes beyond this, and none can be asked about more.
_LARGEST_PID = 2**31 - 1

#: No address file is nearly as long.
_LONGEST = 1 << 20


class Address(msgspec.Struct, frozen=True):
    """Where a bridge listens.

    Attributes
    ----------
    protocol : int
        The version of the OSC messages, `bridge.protocol.VERSION`.
    version : str
        The bridge's version of umtn.
    pid : int
        The number of the bridge's process.
    host : str
        The address by which this machine reaches it.
    port, http_port : int
        The ports of OSC, and of OSCQuery and metrics.
    session_folder : str
        The folder in which clients may always put files.
    started : str
        When it was started, in ISO 8601.
    token : str
        What lets this user's programs in; empty where the bridge asks for none.
    hosts : tuple of str
        All addresses that it listens on.
    """

    protocol: int
    version: str
    pid: int
    host: str
    port: int
    http_port: int
    session_folder: str
    started: str
    # Older bridges write neither.
    token: str = ""
    hosts: tuple[str, ...] = ()

    def listens_on(self, host: str, port: int) -> bool:
        """Whether it is this bridge that is at an address, and nobody else."""
        return port == self.port and host in (self.host, *self.hosts)


def address_file() -> Path:
    """Say where the file is, or would be."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    with warnings.catch_warnings():
        # Where a session has no run-time folder it is one in /tmp, which does here.
        warnings.simplefilter("ignore")
        return Path(platformdirs.user_runtime_path("umtn", appauthor=False)) / "bridge.json"


def read_address() -> Address | None:
    """Read the file. One that others may have written, or of a bridge that is gone, is none.

    Returns
    -------
    Address or None
        A live process of that number is no proof that it is the bridge: ping it.
    """
    try:
        path = address_file()
        if not stat.S_ISREG(path.stat().st_mode):
            # Some devices do something when they are opened.
            return None
        # Without a run-time folder of this user's own, it is in one where others can put a pipe.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:
            if not _is_ours(os.fstat(handle)):
                return None
            address = msgspec.json.decode(file.read(_LONGEST), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
    ports = (address.port, address.http_port)
    if not (0 < address.pid <= _LARGEST_PID and all(0 < port <= 65_535 for port in ports)):
        return None
    return address if _lives(address.pid) else None


def prepare_address_file() -> Path:
    """Make the folder of the file, and see that nothing is lost when the file is written.

    Returns
    -------
    pathlib.Path
        The file, in the place of which there is nothing, or what a bridge wrote.

    Raises
    ------
    UmtnError
        If there is something else, the folder cannot be made, or others could put something in
        the file's place.
    """
    wide = _close_run_time_folder()
    try:
        path = address_file()
    except OSError as error:
        if wide is not None:
            raise _unsafe(wide) from error
        raise UmtnError(
            f"There is no safe place for the address file ({error}); name one with ${VARIABLE}."
        ) from error
    try:
        make_own(path.parent)
        _make_safe(path.parent)
        found = _found_at(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    if found:
        raise UmtnError(
            f"The bridge would put its address file in the place of {path}, which is {found}; "
            f"move that away, or name another file with ${VARIABLE}."
        )
    return path


def write_address(address: Address) -> None:
    """Write the file, whole and for this user's eyes only.

    Raises
    ------
    UmtnError
        If it cannot be written, see `prepare_address_file`.
    """
    path = prepare_address_file()
    try:
        # mkstemp makes it readable by this user alone.
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(address))
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise _cannot_write(path, error) from error


def remove_address(address: Address) -> None:
    """Remove the file if it is the one that was written with this address, and no other."""
    if read_address() == address:
        with contextlib.suppress(OSError):
            address_file().unlink()


def _cannot_write(path: Path, error: OSError) -> UmtnError:
    return UmtnError(
        f"Cannot write the address file {path} ({error.strerror}); "
        f"name another one with ${VARIABLE}."
    )


class _Trace(msgspec.Struct):
    """What the address files of all versions have, and no other file is likely to."""

    protocol: int
    pid: int
    port: int
    session_folder: str


def _found_at(path: Path) -> str:
    """Say what is in the place of the file that no bridge put there; nothing if nothing is.

    An empty file, or one of zeros, is what a machine that lost its power leaves of a new file, and
    nobody misses it.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ""
    kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFREG: ""}
    if kind := kinds.get(stat.S_IFMT(status.st_mode), "no file but a device, a pipe or a socket"):
        return kind
    if hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0):
        return "another user's"
    with path.open("rb") as file:
        contents = file.read(_LONGEST)
    if contents.strip(b"\0"):
        try:
            msgspec.json.decode(contents, type=_Trace)
        except msgspec.DecodeError:
            return "a file that no bridge wrote"
    return ""


def _is_ours(status: os.stat_result) -> bool:
    """Whether a file is a plain one that this user wrote, and nobody else could."""
    if not stat.S_ISREG(status.st_mode):
        return False
    return not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & OTHERS_WRITE
    )


def _lives(pid: int) -> bool:
    """Whether there is such a process of this user: another's has only got the number since."""
    try:
        process = psutil.Process(pid)
        return not hasattr(os, "getuid") or process.uids().real == os.getuid()
    except psutil.Error:
        return False


def _close_run_time_folder() -> Path | None:
    """Close the run-time folder in /tmp to others, if a bridge made it wider once.

    Returns
    -------
    pathlib.Path or None
        The folder if it stays wider, since other things are in it as well.
    """
    if os.environ.get(VARIABLE) or not hasattr(os, "geteuid"):
        return None
    folder = Path(tempfile.gettempdir()) / f"runtime-{os.geteuid()}"
    try:
        status = folder.lstat()
        is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if not is_own or not status.st_mode & OTHERS_WRITE:
            return None
        if {entry.name for entry in folder.iterdir()} - {"umtn"}:
            return folder
        folder.chmod(0o700)
    except OSError:
        pass
    return None


def _make_safe(folder: Path) -> None:
    """See to it that no others can take the folder or the file away and put theirs in its place.

    Where everybody may write but only take away what is their own, as in /tmp, nobody can.

    Raises
    ------
    OSError
    UmtnError
        If the folder, or one that it lies in, belongs to others or may be written to by them.
    """
    if not hasattr(os, "getuid"):
        return
    real = Path(os.path.realpath(folder))
    if not os.environ.get(VARIABLE) and real.stat().st_uid == os.getuid():
        # It is the bridge's own, but an older version made it as wide as the user's files.
        real.chmod(0o700)
    trusted = trusted_users()
    for place in (real, *real.parents):
        status = place.stat()
        shared = status.st_mode & OTHERS_WRITE and not status.st_mode & stat.S_ISVTX
        if shared or status.st_uid not in trusted:
            raise _unsafe(place)


def _unsafe(place: Path) -> UmtnError:
    own = place.stat().st_uid == os.getuid()
    advice = f", or run `chmod 700 {shell_word(place)}`" if own else ""
    return UmtnError(
        f"Other users can change {place}, where the address file would be, which lets "
        f"your programs in; name a file in a folder of your own with ${VARIABLE}{advice}."
    )
