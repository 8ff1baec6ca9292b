"""The file that says where the bridge of this user listens."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from pathlib import Path

import msgspec
import platformdirs
import psutil

from umtn_core.errors import UmtnError

#: Another place for the file.
VARIABLE = "UMTN_BRIDGE_FILE"

#: No system numbers its processes beyond this, and none can be asked about more.
_LARGEST_PID = 2**31 - 1


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
    """

    protocol: int
    version: str
    pid: int
    host: str
    port: int
    http_port: int
    session_folder: str
    started: str


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
    """Read the file. One of another user, or of a process that is gone, counts as none.

    Returns
    -------
    Address or None
        A live process of that number is no proof that it is the bridge: ping it.
    """
    try:
        with open(address_file(), "rb") as file:
            # Without a run-time folder of this user's own, it is in one that others write to.
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            address = msgspec.json.decode(file.read(), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
    ports = (address.port, address.http_port)
    if not (0 < address.pid <= _LARGEST_PID and all(0 < port <= 65_535 for port in ports)):
        return None
    return address if psutil.pid_exists(address.pid) else None


def write_address(address: Address) -> None:
    """Write the file, whole and for this user's eyes only.

    Raises
    ------
    UmtnError
        If it cannot be written.
    """
    path = address_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        raise UmtnError(
            f"Cannot write the address file {path} ({error.strerror}); "
            f"name another one with ${VARIABLE}."
        ) from error


def remove_address() -> None:
    """Remove the file if it is this process's."""
    address = read_address()
    if address is not None and address.pid == os.getpid():
        with contextlib.suppress(OSError):
            address_file().unlink()
