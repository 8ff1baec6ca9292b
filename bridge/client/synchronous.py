"""The client for programs that do not use asyncio."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

from bridge.client.answers import Converted, JobStatus, Model, Pong
from bridge.client.asynchronous import AsyncBridge, OnStatus
from bridge.protocol import Value

T = TypeVar("T")


class Bridge:
    """Talks to a running bridge: ``with Bridge() as bridge: ...``.

    Its methods are those of `AsyncBridge`, and wait for the answer. It can be opened again once it
    is closed; closing it a second time does nothing.

    Parameters
    ----------
    host, port, token, timeout
        Where the bridge is and how it is asked, see `AsyncBridge`.

    Raises
    ------
    RuntimeError
        From every method, if it is not open, is closed meanwhile by another thread, or is called
        within ``on_status``, which nothing can answer.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        token: str | None = None,
        timeout: float = 5.0,
    ):
        self._bridge = AsyncBridge(host, port, token=token, timeout=timeout)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Bridge:
        """Open the socket."""
        if self._loop is not None:
            raise RuntimeError("This Bridge is open already; make another one, or close it first.")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._wait(self._bridge.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket; jobs go on."""
        if self._loop is None:
            return
        try:
            self._wait(self._bridge.__aexit__())
        finally:
            self._end()

    def ping(self) -> Pong:
        """Ask whether the bridge is there."""
        return self._wait(self._bridge.ping())

    def models(self) -> list[Model]:
        """List the models that the bridge has."""
        return self._wait(self._bridge.models())

    def jobs(self) -> list[JobStatus]:
        """List the jobs that the bridge remembers."""
        return self._wait(self._bridge.jobs())

    def render(
        self,
        source: str | Path,
        target: str,
        output: str | Path | None = None,
        *,
        id: str | None = None,
        **options: Value,
    ) -> JobStatus:
        """Ask for a file, or a region of one, to be translated."""
        return self._wait(self._bridge.render(source, target, output, id=id, **options))

    def status(self, id: str) -> JobStatus:
        """Ask how far a job is."""
        return self._wait(self._bridge.status(id))

    def cancel(self, id: str) -> JobStatus:
        """Give a job up."""
        return self._wait(self._bridge.cancel(id))

    def follow(self, id: str, on_status: OnStatus | None = None) -> JobStatus:
        """Wait for a job to end; ``on_status`` is called from another thread."""
        return self._wait(self._bridge.follow(id, on_status))

    def preview(self, model: str, target: str) -> Path:
        """Return a short phrase on an instrument, once the bridge has made it."""
        return self._wait(self._bridge.preview(model, target))

    def convert(self, source: str | Path, output: str | Path) -> Converted:
        """Have an audio file written anew as floating-point WAV."""
        return self._wait(self._bridge.convert(source, output))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None or threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError(
                "This Bridge is not open; use it within `with Bridge() as bridge:`."
                if self._loop is None
                else "Nothing can be asked of a Bridge within on_status; ask after follow, or from "
                "another thread."
            )
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise RuntimeError(
                "This Bridge was closed by another thread; nobody waits for the answer any more."
            ) from None
        except BaseException:
            # Ctrl-C interrupts the waiting, and should the work.
            future.cancel()
            raise

    def _end(self) -> None:
        loop, thread = self._loop, self._thread
        assert loop is not None and thread is not None
        self._loop = self._thread = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        # What other threads wait for ends now; so does what was interrupted, which must still run
        # for its socket to close.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(_gathered(left))
        loop.close()


async def _gathered(tasks: Iterable[asyncio.Task[Any]]) -> None:
    # Once even if there are none, for transports close in the next turn.
    await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
