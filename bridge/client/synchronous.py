"""The client for programs that do not use asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from bridge.client.answers import JobStatus, Model, Pong
from bridge.client.asynchronous import AsyncBridge, OnStatus
from bridge.protocol import Value

T = TypeVar("T")


class Bridge:
    """Talks to a running bridge: ``with Bridge() as bridge: ...``.

    Its methods are those of `AsyncBridge`, and wait for the answer.

    Parameters
    ----------
    host, port, token, timeout
        Where the bridge is and how it is asked, see `AsyncBridge`.
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
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Bridge:
        """Open the socket."""
        self._thread.start()
        try:
            self._wait(self._bridge.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket; jobs go on."""
        self._wait(self._bridge.__aexit__())
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

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C interrupts the waiting, and should the work.
            future.cancel()
            raise

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        # A call after the last one was interrupted must still run for its socket to close.
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
