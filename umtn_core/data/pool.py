"""Runs many independent tasks on several workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from itertools import chain, islice
from typing import Literal, TypeVar

from umtn_core.child_python import safe_spawning
from umtn_core.errors import UmtnError

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Told how far the making of a data set is: ``progress(stage, done, total, name)``, from
#: the thread that asked for the work.
OnItem = Callable[[str, int, int, str], None]


def run_all(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int,
    kind: Literal["processes", "threads"],
) -> Iterator[tuple[Task, Result]]:
    """Yield every task with its result, as they finish.

    With one worker the tasks run here, in order. Otherwise ``function`` and the tasks
    must be picklable for processes. An exception in a task is raised here, after the
    tasks under way have ended; those not begun are dropped.

    Parameters
    ----------
    function
        Called with one task.
    tasks
        The tasks to do; asked for as they are needed.
    workers
        The number of tasks done at once.
    kind
        ``processes`` for Python-heavy work, ``threads`` for waiting on programs.
    """
    queue = iter(tasks)
    first = list(islice(queue, 2))
    queue = chain(first, queue)
    if workers <= 1 or len(first) < 2:
        for task in queue:
            yield task, function(task)
        return
    with safe_spawning(), _executor(workers, kind) as executor:
        pending: dict[Future[Result], Task] = {}
        try:
            while True:
                # A few in hand for each worker, not all: memory, and a quick stop.
                for task in islice(queue, 2 * workers - len(pending)):
                    pending[executor.submit(function, task)] = task
                if not pending:
                    return
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    task = pending.pop(future)
                    try:
                        result = future.result()
                    except BrokenExecutor as error:
                        raise UmtnError(
                            "A worker process died, perhaps for want of memory: "
                            "try again with one worker."
                        ) from error
                    yield task, result
        finally:
            for future in pending:
                future.cancel()


def _executor(workers: int, kind: Literal["processes", "threads"]) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    # Spawned, not forked: a fork copies locks that other threads may hold.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
