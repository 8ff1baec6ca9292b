"""One bridge at a time uses a data folder."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

import psutil

from bridge.jobs.storage.private_folders import make_data_folder
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

#: For a bridge that is just ending to let go of its lock.
_WAIT_SECONDS = 10.0
#: For the workers of a bridge that was killed to notice, which hold its lock; on a busy machine one
#: that has only begun takes its time.
_WORKERS_WAIT_SECONDS = 120.0

#: Whoever waits longer is told what for.
_SAID_AFTER_SECONDS = 1.0


class DataFolder:
    """The folder, locked.

    On POSIX the lock belongs to the open file, which workers inherit: it lasts until the last of
    them has gone, so that no worker of a killed bridge meets one of the next.

    Parameters
    ----------
    path
        The folder; made if it is missing.
    """

    def __init__(self, path: Path):
        self.path = path
        self._file = -1

    async def lock(self) -> None:
        """Take the lock.

        Raises
        ------
        UmtnError
            If the folder cannot be made, or another bridge uses it.
        """
        try:
            make_data_folder(self.path)
            self._file = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UmtnError(
                f"The data folder {self.path} cannot be used ({error.strerror}); name another one "
                "with --data-folder."
            ) from error
        began, said = time.monotonic(), False
        while not _try_lock(self._file):
            if not said and time.monotonic() > began + _SAID_AFTER_SECONDS:
                log.warning("waiting for another bridge, which uses %s, to end", self.path)
                said = True
            patience = _WAIT_SECONDS if self._holder_lives() else _WORKERS_WAIT_SECONDS
            if time.monotonic() > began + patience:
                self.unlock()
                raise UmtnError(
                    f"Another bridge uses {self.path}; stop it, or choose another data folder."
                )
            await asyncio.sleep(0.02)
        if os.name == "posix":  # elsewhere nobody can read it
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def _holder_lives(self) -> bool:
        """Whether the bridge that took the lock last is still there, as far as can be told."""
        if os.name != "posix":
            return True
        try:
            return psutil.pid_exists(int(os.pread(self._file, 20, 0)))
        except (OSError, ValueError):
            return True

    @property
    def inherited(self) -> tuple[int, ...]:
        """What workers are to hold open."""
        return (self._file,)

    def unlock(self) -> None:
        """Let go of the folder."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _try_lock(file: int) -> bool:
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt: Any = __import__("msvcrt")
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
