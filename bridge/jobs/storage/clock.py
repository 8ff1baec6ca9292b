"""A time of the bridge's own, which the machine's clock moves on only as far as it can be believed.

A machine may think that it is 2099 until a time server corrects it, or 1970 at each start. What is
deleted by such a clock is gone, and what is stamped by it is older or newer than all else. So the
bridge counts the seconds that it runs, and adds those that it was off, or asleep, by the clock,
unless they are more than is usual. Then they are added only when the bridge has run for a day with
that time. This time never goes back: who ends later has the later time.
"""

from __future__ import annotations

import contextlib
import logging
import threading
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
#: Before 2025 there was no bridge: a clock that says so tells nothing of how long ago that was.
_NO_EARLIER = 55 * 365.25 * 24 * _HOUR


class _Seen(msgspec.Struct, forbid_unknown_fields=True):
    """What is remembered from one look at the clock to the next.

    Attributes
    ----------
    own
        The bridge's own time, in seconds since its first start.
    believed
        The last time of the machine's that was believed, and how long the bridge has run since.
    doubted
        The last time that was not, and how long the bridge has run with such times.
    began
        The own time when there was no doubt yet.
    gaps
        Seconds that have passed as it turned out later, each with the own time of it.
    """

    believed: float
    own: float = 0.0
    since: float = 0.0
    doubted: float | None = None
    ran: float = 0.0
    began: float = 0.0
    gaps: list[tuple[float, float]] = []


class Clock:
    """The bridge's own time. Its methods may be called from any thread.

    Parameters
    ----------
    path
        The file in which it is remembered.
    newest
        The newest own time that is known of otherwise, in seconds.
    leap
        The seconds that may have passed while nobody looked.
    tells
        Whether to warn of a time that is in doubt.
    wall, running
        The clock that people set, and one that only goes on, both in seconds.
    """

    def __init__(
        self,
        path: Path,
        newest: float,
        leap: float,
        tells: bool = True,
        wall: Callable[[], float] = time.time,
        running: Callable[[], float] = time.monotonic,
    ):
        self._path = path
        self._leap = leap
        self._tells = tells
        self._wall = wall
        self._running = running
        self._looked = running()
        self._looking, self._writing = threading.Lock(), threading.Lock()
        self._seen = _read(path) or _Seen(wall())
        # What a killed bridge did not write down of its time.
        lost = max(0.0, newest - self._seen.own)
        self._seen.own += lost
        self._seen.since += lost

    def now(self) -> float:
        """Look at the clock, and return the own time, in seconds."""
        with self._looking:
            return self._look()

    def age(self, then: float) -> float:
        """Return the seconds that have passed since an own time, as far as is known."""
        with self._looking:
            now = self._look()
            return now - then + sum(seconds for at, seconds in self._seen.gaps if at >= then)

    def remember(self) -> None:
        """Look at the clock, and write down what is known; to be done now and then."""
        with self._writing:
            with self._looking:
                self._look()
                text = msgspec.json.encode(self._seen)
            with contextlib.suppress(OSError):
                write_whole(self._path, text)

    def _look(self) -> float:
        wall, running = self._wall(), self._running()
        passed, self._looked = running - self._looked, running
        seen, before = self._seen, self._seen.own
        seen.own += passed
        seen.since += passed
        expected = seen.believed + seen.since
        ahead = wall - expected
        if -_BACK <= ahead <= self._leap:
            seen.own += max(0.0, ahead)
            # What is set back and on again has not passed twice.
            seen.believed, seen.since, seen.doubted = max(wall, expected), 0.0, None
            return seen.own
        if seen.doubted is None:
            seen.began = before
        self._doubt(wall, passed)
        if seen.ran >= PROOF_SECONDS:
            if ahead > 0 and seen.believed > _NO_EARLIER:
                seen.gaps.append((seen.began, ahead))
            seen.believed, seen.since, seen.doubted = wall, 0.0, None
        return seen.own

    def _doubt(self, wall: float, passed: float) -> None:
        seen = self._seen
        if seen.doubted is None or wall < seen.doubted - _BACK:
            seen.ran = 0.0
            if self._tells:
                log.warning(
                    "the clock says %s, and last said %s; if that is wrong, set it: no job is "
                    "older for it until the bridge has run with it for %.0f hours",
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
