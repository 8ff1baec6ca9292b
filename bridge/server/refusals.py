"""What strangers were refused, written down in a line a minute, however much it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter

log = logging.getLogger(__name__)

#: Seconds between two lines, at least.
_BETWEEN = 60.0


class Refusals:
    """Counts what was refused, and writes the first at once and the rest when a minute is over.

    Parameters
    ----------
    between
        The seconds from one line to the next, at least.
    """

    def __init__(self, between: float = _BETWEEN):
        self._between = between
        self._counts: Counter[str] = Counter()
        self._last = ""
        self._timer: asyncio.TimerHandle | None = None

    def note(self, what: str, host: str) -> None:
        """Count one more.

        Parameters
        ----------
        what
            What is counted with its like, in the plural, in words of ours.
        host
            The address that it came from.
        """
        self._counts[what] += 1
        self._last = host
        if self._timer is None:
            self._write()

    def close(self) -> None:
        """Write down what was counted and is not written yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._counts:
            self._log()

    def _write(self) -> None:
        self._timer = None
        if not self._counts:
            return
        self._log()
        with contextlib.suppress(RuntimeError):  # where no loop runs, nobody floods
            self._timer = asyncio.get_running_loop().call_later(self._between, self._write)

    def _log(self) -> None:
        counts, self._counts = self._counts, Counter()
        listed = ", ".join(f"{what} ({count})" for what, count in counts.items())
        log.warning("refused %s; the last from %s", listed, self._last)
