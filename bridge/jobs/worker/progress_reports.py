"""How far a batch is, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.jobs.rendering.renderer import Progressed, Report
from umtn_core.progress import IsCancelled, Progress

#: Between two reports, in seconds.
_INTERVAL = 0.1
#: Within this, they say nothing of the time left.
_TOO_EARLY_SECONDS = 0.5


class ProgressReports:
    """Passes on progress, a few times a second.

    Parameters
    ----------
    send
        Called with each report.
    """

    def __init__(self, send: Callable[[Report], None]):
        self._send = send
        self._fraction = 0.0
        self._first: tuple[float, float] | None = None
        self._sent_at = -_INTERVAL

    def report(self, progress: Progress) -> None:
        """Take the progress of the whole batch."""
        self._fraction = progress.fraction
        if self._first is None:
            self._first = (time.monotonic(), progress.fraction)
        self._tick()

    def ticking(self, cancelled: IsCancelled) -> IsCancelled:
        """Report that nothing stands still, however long the work before decoding takes."""

        def asked() -> bool:
            self._tick()
            return cancelled()

        return asked

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._sent_at >= _INTERVAL:
            self._sent_at = now
            self._send(Progressed(self._fraction, self._seconds_left(now)))

    def _seconds_left(self, now: float) -> float | None:
        if self._first is None:
            return None
        began, before = self._first
        if now - began < _TOO_EARLY_SECONDS or self._fraction <= before:
            return None
        return (now - began) * (1 - self._fraction) / (self._fraction - before)
