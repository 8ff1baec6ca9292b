"""One bridge at a time uses a data folder."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from bridge.jobs.storage.private_folders import make_data_folder
from umtn_core.errors import UmtnError

#: How long a bridge that was killed may keep its lock: until its workers have noticed.
_WAIT_SECONDS = 10.0


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
        until = time.monotonic() + _WAIT_SECONDS
        while not _try_lock(self._file):
            if time.monotonic() > until:
                self.unlock()
                raise UmtnError(
                    f"Another bridge uses {self.path}; stop it, or choose another data folder."
                )
            await asyncio.sleep(0.02)

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
