"""How long an engine's kernels run before somebody who wants to stop them is heard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event

#: About how long a run takes, in seconds.
RUN_SECONDS = 0.02


class Patience:
    """Divides steps into runs by how long a step took the last time."""

    def __init__(self) -> None:
        # So that the first run is a single step.
        self._seconds_a_step = RUN_SECONDS

    def runs(self, steps: int, stop: Event, most: int | None = None) -> Iterator[int]:
        """Give the steps of one run after another; the caller makes them before it asks for more.

        Parameters
        ----------
        steps
            The number of steps in all.
        stop
            Looked at before each run; once it is set, there are no more.
        most
            The most steps of a run; None, any number.
        """
        left = steps
        while left and not stop.is_set():
            began = time.perf_counter()
            patient = max(1, int(RUN_SECONDS / self._seconds_a_step))
            count = min(left, patient, most or left)
            yield count
            left -= count
            self._seconds_a_step = max(1e-7, (time.perf_counter() - began) / count)
