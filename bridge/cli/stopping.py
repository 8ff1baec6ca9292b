"""Ctrl-C as a polite request: the work in hand notices and ends cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Says, when it is called, whether to stop.

    Attributes
    ----------
    times : int
        How often that was asked for.
    """

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bool:
        """Whether it was asked for at all."""
        return self.times > 0


@contextmanager
def stoppable(*, sees_to_all: bool = False) -> Iterator[Stop]:
    """Within this block, Ctrl-C, termination and a closed terminal ask it to stop.

    Parameters
    ----------
    sees_to_all
        Whether the block looks for itself how often it was asked; otherwise a second time stops it
        at once, by a KeyboardInterrupt.

    Yields
    ------
    Stop
        What to ask whether to stop.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may listen to signals; elsewhere nobody sends any.
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.times += 1
        if stop.times > 1 and not sees_to_all:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, ask) for number in _signals()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _signals() -> list[signal.Signals]:
    """List what asks to stop: a closed terminal does not where it was ignored, as by nohup."""
    hang_up: signal.Signals | None = getattr(signal, "SIGHUP", None)
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return [signal.SIGINT, signal.SIGTERM]
    return [signal.SIGINT, signal.SIGTERM, hang_up]
