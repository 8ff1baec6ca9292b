"""Work on several threads, watched over by the one that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

#: Between two looks at how the work goes, in seconds.
POLL_SECONDS = 0.05

#: A piece of work. It ends soon after the event is set.
Work = Callable[[Event], None]


def run_watched(pieces: Iterable[Work], threads: int, watch: Callable[[bool], None]) -> None:
    """Do pieces of work until all are done, or one of them or the watch raises.

    Whatever happens, none runs any more afterwards.

    Parameters
    ----------
    pieces
        The pieces of work, which are begun in their order.
    threads
        The number of pieces that are done at once.
    watch
        Called on this thread at once, then about 20 times a second, and at the end, with
        whether all are done. What it raises stops them.

    Raises
    ------
    Exception
        What the watch or a piece of work raised.
    """
    stop = Event()
    with ThreadPoolExecutor(threads, thread_name_prefix="umtn") as pool:
        running: set[Future[None]] = {pool.submit(piece, stop) for piece in pieces}
        try:
            while running:
                watch(False)
                finished, running = wait(running, timeout=POLL_SECONDS)
                for future in finished:
                    future.result()
            watch(True)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
