"""A thread that takes calls from another one, for calls that somebody waits for."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class WakingThread(Executor):
    """Does one call after the other.

    As a pool of one thread does, but that a pool wakes its thread while the caller holds the
    interpreter: on a busy machine the thread then takes the caller's core, has to wait for the
    interpreter, and a render may have the core until the next tick, milliseconds later. The bell
    here is rung by a system call, which lets go of the interpreter first.

    Parameters
    ----------
    name
        The thread's name.
    """

    def __init__(self, name: str):
        self._calls: deque[Callable[[], None]] = deque()
        self._bell, self._ear = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        future: Future[Any] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(call(*args, **options))
            except BaseException as error:
                future.set_exception(error)

        self._calls.append(work)
        self._bell.send(b"\0")
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor.shutdown`; what was submitted is still done."""
        self._bell.close()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        with self._ear:
            while self._ear.recv(4096):
                while self._calls:
                    self._calls.popleft()()
