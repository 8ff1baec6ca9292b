"""A clock that does not believe a leap at once: what is deleted by a wrong one is gone.

A machine may think that it is 2099 until a time server corrects it, or for ever. Nobody can tell
that from a bridge that was not used for long. So where the time is far from what it should be, it
is taken for granted only when the bridge has run for a day with it; to delete something a day later
than was asked for harms nobody.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bridge.jobs.disk import write_whole

log = logging.getLogger(__name__)

_HOUR = 3600.0
#: A clock is set back by so much in everyday life.
_BACK = 2 * _HOUR
#: For how long the bridge must have run with an odd time until that is the time.
PROOF_SECONDS = 24 * _HOUR


class _Seen(msgspec.Struct, forbid_unknown_fields=True):
    """What is remembered from one look at the clock to the next.

    Attributes
    ----------
    believed
        The last time that was believed, and how long the bridge has run since, in seconds.
    doubted
        The last time that was not, and how long the bridge has run with such times.
    """

    believed: float
    since: float = 0.0
    doubted: float | None = None
    ran: float = 0.0


class Clock:
    """The time, as far as it can be believed.

    Parameters
    ----------
    path
        The file in which it is remembered.
    newest
        The newest time that is known of otherwise, in seconds since the epoch; None, none is.
    leap
        The seconds that may have passed while nobody looked.
    wall, running
        The clock that people set, and one that only goes on, both in seconds.
    """

    def __init__(
        self,
        path: Path,
        newest: float | None,
        leap: float,
        wall: Callable[[], float] = time.time,
        running: Callable[[], float] = time.monotonic,
    ):
        self._path = path
        self._leap = leap
        self._wall = wall
        self._running = running
        self._looked = running()
        self._seen = _read(path) or _Seen(wall() if newest is None else newest)

    def now(self) -> float | None:
        """Look at the clock.

        Returns
        -------
        float or None
            Seconds since the epoch; None as long as the time is in doubt.
        """
        wall, running = self._wall(), self._running()
        passed, self._looked = running - self._looked, running
        seen = self._seen
        seen.since += passed
        if not -_BACK <= wall - (seen.believed + seen.since) <= self._leap:
            self._doubt(wall, passed)
        else:
            seen.doubted = None
        if seen.doubted is None or seen.ran >= PROOF_SECONDS:
            self._seen = _Seen(wall)
        with contextlib.suppress(OSError):
            write_whole(self._path, msgspec.json.encode(self._seen))
        return wall if self._seen.doubted is None else None

    def _doubt(self, wall: float, passed: float) -> None:
        seen = self._seen
        if seen.doubted is None or wall < seen.doubted - _BACK:
            seen.ran = 0.0
            log.warning(
                "the clock says %s, and last said %s; if that is wrong, set it: no job is "
                "forgotten for its age until the bridge has run with it for %.0f hours",
                _written(wall), _written(seen.believed), PROOF_SECONDS / _HOUR,
            )  # fmt: skip
        else:
            seen.ran += passed
        seen.doubted = wall


def _read(path: Path) -> _Seen | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Seen)
    except (OSError, msgspec.DecodeError):
        return None


def _written(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.0f} seconds since 1970"
