"""A file that `umtn send` has rendered: asked for, followed, and given up by Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.cli.failures import Failure, Interruption
from bridge.cli.output import print_json, print_line, say
from bridge.cli.progress import meter
from bridge.cli.send_contact import Where, reached
from bridge.cli.stopping import Stop, stoppable
from bridge.text import shell_word

if TYPE_CHECKING:
    from bridge.client import AsyncBridge, JobStatus
    from bridge.client.asynchronous import OnStatus

#: Seconds until Ctrl-C is noticed, and until a bridge that does not answer it is left alone: at the
#: first, and when it was pressed again.
_NOTICED, _PATIENCE, _LAST_PATIENCE = 0.05, 1.0, 0.3
_CANCELLED = "Cancelled; nothing was written."
_SILENT = "the bridge does not answer"


def render(
    where: Where,
    source: Path,
    target: str,
    output: str | None,
    keys: dict[str, Any],
    *,
    id: str | None,
    wait: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Have a file rendered, and print the path of the result.

    Parameters
    ----------
    where
        Where the bridge is.
    source, target, output
        What to render, on which instrument, and into which file; None, one of the bridge's choice.
    keys
        Further keys of /umtn/render, and their values.
    id
        The job's name; None, a new one.
    wait
        Whether to follow the job to its end, or only to print its id.
    quiet, as_json
        Whether to show no progress, and to print what is known of the job in place of the path.

    Raises
    ------
    Failure
        If there is no result, or nobody knows.
    """
    # Known before the bridge answers, so that Ctrl-C can cancel a job that has only just begun.
    name = uuid.uuid4().hex if id is None else id

    async def send(stack: contextlib.ExitStack) -> None:
        async with reached(where) as bridge:
            # Until all is closed: from now on, only what is said of the job is to be said.
            stop = stack.enter_context(stoppable(sees_to_all=True))
            asking = bridge.render(source, target, output, id=name, **keys)
            job = await _unless_stopped(asking, bridge, name, stop)
            said = "" if as_json else _print_note(job)
            if wait:
                with meter(quiet) as show:
                    following = _follow(
                        bridge, name, lambda now: show.update(source.name, now.fraction, 1.0)
                    )
                    job = await _unless_stopped(following, bridge, name, stop)
            if as_json:
                print_json(asdict(job))
            elif wait and not said:
                _print_note(job)
            if job.state == "failed" and wait:
                raise Failure(job.message)
            if job.state == "cancelled" and wait:
                raise Interruption(_CANCELLED)
            if not as_json:
                print_line(job.output if wait else job.id)

    with contextlib.ExitStack() as stack:
        asyncio.run(send(stack))


async def _follow(bridge: AsyncBridge, id: str, on_status: OnStatus) -> JobStatus:
    """Follow a job, and say what becomes of it where the bridge ends before."""
    from bridge.client import BridgeError

    try:
        return await bridge.follow(id, on_status)
    except BridgeError as error:
        if error.code != "unreachable":
            raise
        raise Failure(
            f"{error} The job is kept, and goes on when the bridge is started again: "
            f"`umtn send status {shell_word(id)}` says how it is then."
        ) from error


def _print_note(job: JobStatus) -> str:
    """Say what of the file the model was not taught, if that is known; return it."""
    if job.note:
        say(job.note)
    return job.note


async def _unless_stopped(
    asking: Coroutine[Any, Any, JobStatus], bridge: AsyncBridge, id: str, stop: Stop
) -> JobStatus:
    """Ask for a job, or follow it; should Ctrl-C come before the answer, give the job up."""
    task = asyncio.create_task(asking)
    while not (task.done() or stop()):
        await asyncio.wait({task}, timeout=_NOTICED)
    if task.done() and (task.exception() is not None or not stop()):
        return task.result()
    # A request must not be sent again after the cancelling.
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return await _given_up(bridge, id, stop)


async def _given_up(bridge: AsyncBridge, id: str, stop: Stop) -> JobStatus:
    """Cancel a job that may not even have begun; return it if it ended before, in another way."""
    from bridge.client import BridgeError

    cancelling = asyncio.create_task(bridge.cancel(id))
    # To cancel may take a moment. Whether anybody is there does not.
    pinging = asyncio.create_task(bridge.ping())
    try:
        if not await _any_done({cancelling, pinging}, stop, _PATIENCE):
            raise Interruption(_may_go_on(_SILENT, id))
        if not await _any_done({cancelling}, stop, None):
            raise Interruption(_may_go_on("the bridge has not confirmed it", id))
        job = cancelling.result()
    except BridgeError as error:
        if error.code == "unreachable":
            raise Interruption(_may_go_on(_SILENT, id)) from error
        if error.code != "unknown_id":
            raise
        raise Interruption(_CANCELLED) from None
    finally:
        for task in (cancelling, pinging):
            task.cancel()
        await asyncio.gather(cancelling, pinging, return_exceptions=True)
    if job.state == "cancelled":
        raise Interruption(_CANCELLED)
    return job


async def _any_done(tasks: set[asyncio.Task[Any]], stop: Stop, patience: float | None) -> bool:
    """Wait until one is done, as long as there is patience: less once it was pressed again."""
    now = asyncio.get_running_loop().time
    began, hurried = now(), None
    while not any(task.done() for task in tasks):
        await asyncio.wait(tasks, timeout=_NOTICED, return_when="FIRST_COMPLETED")
        if hurried is None and stop.times > 1:
            hurried = now()
        if hurried is not None and now() > hurried + _LAST_PATIENCE:
            break
        if patience is not None and now() > began + patience:
            break
    return any(task.done() for task in tasks)


def _may_go_on(why: str, id: str) -> str:
    return (
        f"Cancelled here; but {why}, so that the job may begin or go on there: "
        f"`umtn send cancel {shell_word(id)}` cancels it."
    )
