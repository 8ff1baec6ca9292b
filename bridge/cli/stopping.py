"""Ctrl-C as a polite request: the work in hand notices and ends cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Within this block, Ctrl-C and termination set a flag; a second one stops at once.

    Yields
    ------
    A function that says whether to stop.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may listen to signals; elsewhere nobody sends any.
        yield stop.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
