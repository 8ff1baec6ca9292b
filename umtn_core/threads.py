"""Work on several threads, watched over by the one that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

#: Between two looks at how the work goes, in seconds.
POLL_SECONDS = 0.05

#: A piece of work. It ends soon after the event is set.
Job = Callable[[Event], None]


def run_watched(jobs: Iterable[Job], threads: int, watch: Callable[[bool], None]) -> None:
    """Run jobs until all are done, or one of them or the watch raises.

    Whatever happens, no job runs any more afterwards.

    Parameters
    ----------
    jobs
        Begun in their order.
    threads
        Jobs run at once.
    watch
        Called on this thread at once, then about 20 times a second, and at the end, with
        whether all jobs are done. What it raises stops the jobs.

    Raises
    ------
    Exception
        What the watch or a job raised.
    """
    stop = Event()
    with ThreadPoolExecutor(threads, thread_name_prefix="umtn") as pool:
        running: set[Future[None]] = {pool.submit(job, stop) for job in jobs}
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
