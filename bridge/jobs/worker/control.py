"""What the bridge wants of a batch while a worker renders it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from bridge.jobs.rendering.renderer import Dropped, Report


class Control:
    """Which jobs of the batch are still wanted, shared by the worker's two threads.

    Parameters
    ----------
    send
        Called with reports; from any thread.
    """

    def __init__(self, send: Callable[[Report], None]):
        self._send = send
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        self.pausing = False

    def begin(self, ids: Iterable[str]) -> None:
        """Expect a new batch."""
        with self._lock:
            self._wanted = set(ids)
            self.pausing = False

    def keep_only(self, ids: Iterable[str]) -> None:
        """Leave out the other jobs."""
        with self._lock:
            self._wanted &= set(ids)

    def pause(self) -> None:
        """Have the batch saved and stopped."""
        self.pausing = True

    def cancel(self, id: str) -> None:
        """Drop a job, unless it has ended or is about to."""
        with self._lock:
            if id in self._wanted:
                self._wanted.remove(id)
                self._send(Dropped(id))

    def wants(self, id: str) -> bool:
        """Whether a job was not dropped."""
        return id in self._wanted

    def seal(self, id: str) -> bool:
        """Decide that a job ends now, in another way than being dropped.

        Returns
        -------
        bool
            False if it was dropped before.
        """
        with self._lock:
            wanted = id in self._wanted
            self._wanted.discard(id)
            return wanted

    def cancelled(self) -> bool:
        """Whether decoding is of no use any more, or is to pause."""
        return self.pausing or not self._wanted
