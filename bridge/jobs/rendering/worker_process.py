"""A render worker as the bridge sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bridge.jobs.rendering.memory_kills import memory_kills
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
    from_worker,
    length_of,
    packed,
)
from bridge.jobs.rendering.renderer import Dropped, Ending, JobBatch, LostError, Report
from umtn_core.child_python import module_command, module_environment

#: A worker that does not answer for so long after a job was cancelled hangs.
PATIENCE_SECONDS = 30.0

#: How people and services end processes. No worker does that to itself.
_FROM_OUTSIDE = {getattr(signal, name, None) for name in ("SIGTERM", "SIGINT", "SIGHUP")}


class WorkerProcess:
    """A process that is started when needed, and again when it was lost.

    Parameters
    ----------
    setup
        What it is told first.
    log
        File for whatever it prints; that of the last worker is kept.
    inherited
        File descriptors that it holds open as long as it lives.
    """

    def __init__(self, setup: Setup, log: Path, inherited: tuple[int, ...] = ()):
        self._setup = setup
        self._log = log
        self._inherited = inherited
        self._process: asyncio.subprocess.Process | None = None
        self._expected: asyncio.TimerHandle | None = None
        self._wishes: list[Cancel | Pause] = []
        self._memory_kills = memory_kills()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Have a process ready."""
        if self.pid is not None:
            return
        await self._reap()
        with open(self._log, "wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *module_command("bridge.jobs.worker.main"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=module_environment(),
                **self._options(),
            )
        await self._send(self._setup)

    async def render(self, batch: JobBatch, report: Callable[[Report], None]) -> Ending:
        """See `bridge.jobs.rendering.renderer.Renderer.render`."""
        try:
            self._memory_kills = memory_kills()
            await self.start()
            await self._send(Render(batch))
            for wish in self._wishes:
                await self._send(wish)
            while True:
                message = await self._receive()
                if not isinstance(message, Dropped):
                    # Jobs are dropped by a thread of its own, even while the rendering one hangs.
                    self._no_longer_expect()
                if isinstance(message, Ended):
                    return message.how
                if isinstance(message, Broken):
                    raise LostError(f"met an error of the program ({message.message})")
                report(message)
        finally:
            self._no_longer_expect()
            self._wishes.clear()

    async def cancel(self, id: str) -> None:
        """Ask for a job to be dropped; a worker that does not react is killed."""
        if self._expected is None:
            loop = asyncio.get_running_loop()
            self._expected = loop.call_later(PATIENCE_SECONDS, self.kill)
        await self._wish(Cancel(id))

    async def pause(self) -> None:
        """Ask for the batch to be saved and stopped."""
        await self._wish(Pause())

    async def _wish(self, wish: Cancel | Pause) -> None:
        # A wish that comes before its batch would be for nothing, so it is repeated then.
        self._wishes.append(wish)
        with contextlib.suppress(LostError):
            await self._send(wish)

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """End the process, which has nothing to do any more."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE_SECONDS)
        except asyncio.TimeoutError:
            self.kill()
        await self._reap()

    def _options(self) -> dict[str, Any]:
        # Ctrl-C in the bridge's terminal is for the bridge alone, which then saves.
        if os.name == "posix":
            # In the bridge's session all the same: Linux weighs sessions against each other before
            # it looks at what of them wants to go first. Python 3.10 knows no groups.
            apart = (
                {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
            )
            return {**apart, "pass_fds": self._inherited}
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}

    async def _send(self, message: ToWorker) -> None:
        stdin = self._process.stdin if self._process is not None else None
        if stdin is None:
            raise LostError("was not there")
        try:
            stdin.write(packed(message))
            await stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise await self._lost() from error

    async def _receive(self) -> FromWorker:
        assert self._process is not None and self._process.stdout is not None
        try:
            head = await self._process.stdout.readexactly(LENGTH_BYTES)
            return from_worker(await self._process.stdout.readexactly(length_of(head)))
        except asyncio.IncompleteReadError as error:
            raise await self._lost() from error
        except (ValueError, msgspec.DecodeError) as error:
            self.kill()
            await self._reap()
            raise LostError("sent something that makes no sense") from error

    async def _lost(self) -> LostError:
        """Say how the process ended."""
        await self._reap()
        code = self._process.returncode if self._process is not None else None
        if code == OUT_OF_MEMORY:
            return LostError("ran out of memory")
        if code is None or code >= 0:
            return LostError(f"ended with code {code}")
        if -code == getattr(signal, "SIGKILL", None):
            return _killed(self._memory_kills, memory_kills())
        return LostError(f"was ended by {_name(-code)}", from_outside=-code in _FROM_OUTSIDE)

    async def _reap(self) -> None:
        """Wait for a process whose pipes have closed; it must not become a zombie."""
        if self._process is None:
            return
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE_SECONDS)
        except asyncio.TimeoutError:
            self.kill()
            await self._process.wait()

    def _no_longer_expect(self) -> None:
        if self._expected is not None:
            self._expected.cancel()
            self._expected = None


def _killed(before: int | None, after: int | None) -> LostError:
    """Tell a kill for want of memory from one by a person or program."""
    if before is None or after is None:
        return LostError("was ended by SIGKILL, most likely since memory ran out")
    if after > before:
        return LostError("was ended by SIGKILL, since memory ran out")
    return LostError("was ended by SIGKILL, from outside", from_outside=True)


def _name(number: int) -> str:
    """Name a signal; real-time ones have only numbers."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
