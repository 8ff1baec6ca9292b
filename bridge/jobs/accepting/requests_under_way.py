"""Requests on their way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from bridge.jobs.accepting.acceptance import Acceptance
from bridge.jobs.accepting.waking_thread import WakingThread
from bridge.jobs.paths import as_asked
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest, RequestError
from bridge.jobs.storage.ledger import Ledger
from bridge.jobs.tasks import Tasks

#: Requests stored together, at most: the first of a burst is not to wait for the last.
_TOGETHER = 100
#: For requests to be accepted, or not, when the bridge stops.
_STOP_SECONDS = 30.0


class RequestsUnderWay:
    """Has requests checked and stored, by one thread that does both.

    Whoever waits for an answer waits for each change of threads, so there is one on the way out and
    one on the way back. Requests that come meanwhile become one transaction.

    Parameters
    ----------
    acceptance
        What checks the requests.
    ledger
        What takes in those that are accepted.
    arrived
        Called with the record of each that was taken in.
    """

    def __init__(self, acceptance: Acceptance, ledger: Ledger, arrived: Callable[[Record], None]):
        self._acceptance = acceptance
        self._ledger = ledger
        self._arrived = arrived
        self._thread = WakingThread("umtn-accept")
        self._coming: dict[str, tuple[RenderRequest, asyncio.Future[None]]] = {}
        self._waiting: list[RenderRequest] = []
        self._work = Tasks()

    def __len__(self) -> int:
        return len(self._coming)

    def get(self, id: str) -> RenderRequest | None:
        """Return a request that is on its way in."""
        return self._coming[id][0] if id in self._coming else None

    def begin(self, request: RenderRequest) -> None:
        """Set a request on its way; there is none with its id yet."""
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # All who asked may have gone away: then nobody is to miss the answer.
        end.add_done_callback(asyncio.Future.exception)
        self._coming[request.id] = request, end
        self._waiting.append(request)
        if len(self._coming) == 1:
            self._work.spawn(self._take_in())

    async def end(self, id: str) -> None:
        """Wait until a request has come in.

        Raises
        ------
        RequestError
            If it is refused.
        """
        # Whoever waits may go away in the midst of it.
        await asyncio.shield(self._coming[id][1])

    async def close(self) -> None:
        """Wait for those on their way."""
        await self._work.wait(_STOP_SECONDS)
        self._thread.shutdown()

    async def _take_in(self) -> None:
        while self._waiting:
            requests, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            errors: dict[str, Exception] = {}
            accept = partial(self._accept, requests, errors)
            try:
                for record in await self._ledger.add(accept, self._thread):
                    self._arrived(record)
            except Exception as error:  # whoever waits is to hear of it
                for request in requests:
                    errors.setdefault(request.id, error)
            for request in requests:
                _, end = self._coming.pop(request.id)
                if request.id in errors:
                    end.set_exception(errors[request.id])
                else:
                    end.set_result(None)

    def _accept(
        self, requests: list[RenderRequest], errors: dict[str, Exception], outputs: frozenset[str]
    ) -> list[Record]:
        """Check requests, in the thread; note what speaks against those that are refused."""
        records: dict[str, Record] = {}
        for request in requests:
            try:
                record = self._acceptance.accept(request)
                output = record.request.output
                if output in outputs or output in records:
                    asked = as_asked(request.output or Path(output).name)
                    raise RequestError(
                        "exists", f"Another job will write {asked}; choose another name."
                    )
                # All are written down together: one that cannot be is refused by itself.
                msgspec.json.encode(record)
                records[output] = record
            except Exception as error:
                errors[request.id] = error
        return list(records.values())
