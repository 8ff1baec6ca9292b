"""The render worker: a process of its own, so that whatever ends it leaves the bridge alone.

Started by `worker_process` of the rendering room as ``python -m bridge.jobs.worker.main``. It
reads messages from stdin and writes reports to what was its stdout. When the bridge is gone, stdin
ends, and so does the worker, at once, wherever it is.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import BinaryIO

from bridge.jobs.rendering.messages import (
    LENGTH_BYTES,
    OUT_OF_MEMORY,
    Broken,
    Cancel,
    Ended,
    FromWorker,
    Pause,
    Render,
    Setup,
    ToWorker,
    length_of,
    packed,
    to_worker,
)
from bridge.jobs.worker.batch_run import BatchRun
from bridge.jobs.worker.control import Control
from bridge.jobs.worker.open_translators import OpenTranslators
from bridge.jobs.worker.priority import let_others_go_first


class Worker:
    """Takes batches one after another.

    Parameters
    ----------
    incoming, outgoing
        The pipe that messages come in by, and the one that reports go out by.
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO):
        self._incoming = incoming
        self._outgoing = outgoing
        self._sending = threading.Lock()
        self._work: queue.SimpleQueue[Setup | Render] = queue.SimpleQueue()
        self._control = Control(self.send)

    def run(self) -> None:
        """Serve until the bridge is gone."""
        threading.Thread(target=self._listen, name="umtn-listen", daemon=True).start()
        setup = self._work.get()
        assert isinstance(setup, Setup)
        translators = OpenTranslators(setup.threads)
        while True:
            message = self._work.get()
            assert isinstance(message, Render)
            run = BatchRun(setup, translators, self._control, message.batch, self.send)
            try:
                self.send(Ended(run.run()))
            except MemoryError:
                os._exit(OUT_OF_MEMORY)
            except Exception as error:
                traceback.print_exc()
                self.send(Broken(f"{type(error).__name__}: {error}"))

    def send(self, message: FromWorker) -> None:
        """Report something."""
        try:
            with self._sending:
                self._outgoing.write(packed(message))
                self._outgoing.flush()
        except OSError:
            os._exit(0)  # nobody is there to hear it

    def _listen(self) -> None:
        try:
            while head := self._incoming.read(LENGTH_BYTES):
                self._take(to_worker(self._incoming.read(length_of(head))))
        finally:
            os._exit(0)

    def _take(self, message: ToWorker) -> None:
        if isinstance(message, Cancel):
            self._control.cancel(message.id)
        elif isinstance(message, Pause):
            self._control.pause()
        else:
            if isinstance(message, Render):
                self._control.begin(order.request.id for order in message.batch.orders)
            self._work.put(message)


def _be_the_first_to_go() -> None:
    """Tell Linux which process to end when memory runs out: this one, and not the bridge."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _leave_the_end_to_the_bridge() -> None:
    """Ignore what people and services end programs by, often all of a session's or service's.

    The bridge gets it as well, and has the work saved; when it is gone, stdin ends.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def main() -> None:
    """Run a worker on stdin and stdout."""
    _leave_the_end_to_the_bridge()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # A library that prints must not end up between two reports.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _be_the_first_to_go()
    let_others_go_first()
    Worker(sys.stdin.buffer, outgoing).run()


if __name__ == "__main__":
    main()
