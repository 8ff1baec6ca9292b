"""The file that says where `umtn` is, for programs that do not look where it is installed.

A DAW that was started from a desktop does not have the ``PATH`` of a terminal, let alone of a
virtual environment. Nothing can run when a wheel is installed, so the first command that is run
leaves the file.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import platformdirs

from bridge.own_folders import make_own


def command_file() -> Path:
    """Say where the file is, or would be: in the user's data folder.

    Raises
    ------
    RuntimeError
        If this user has no home.
    """
    return Path(platformdirs.user_data_path("umtn", appauthor=False)) / "umtn-command"


def leave_command() -> None:
    """Write the path of this installation's `umtn` there, if another stands there or none.

    It is a convenience, so what keeps it from being written is no error.
    """
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        program = _own_program()
        file = command_file()
        # Some versions of platformdirs leave the tilde of a user without a home.
        if program is None or not file.is_absolute() or not _is_our_place(file):
            return
        line = os.fsencode(program) + b"\n"
        if not file.is_file() or file.read_bytes() != line:
            _write(file, line)


def _own_program() -> Path | None:
    """Find the `umtn` that is running, or lies beside the Python that is."""
    ran = Path(sys.argv[0])
    name = "umtn.exe" if sys.platform == "win32" else "umtn"
    # Links stay: what they lead to may be another version's tomorrow.
    for place in (ran if ran.stem == "umtn" else None, Path(sys.executable)):
        program = place and place.absolute().with_name(name)
        if program and program.is_file() and os.access(program, os.X_OK):
            return program
    return None


def _is_our_place(file: Path) -> bool:
    """Whether the folder, or what is there of it, is this user's: with sudo it may be another's."""
    if not hasattr(os, "geteuid"):
        return True
    there = next(folder for folder in file.parents if folder.exists())
    return there.stat().st_uid == os.geteuid()


def _write(file: Path, line: bytes) -> None:
    make_own(file.parent)
    # mkstemp makes it readable by this user alone.
    handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(line)
        os.replace(beside, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
