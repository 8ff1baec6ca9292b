"""Long lists, sent so that nobody else has to wait for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from bridge.server.clients import Target

#: Answers sent before others get a turn; a datagram socket holds some hundred.
_BATCH = 32
#: Seconds until the next, at least; and that many times as long as the last took, so that lists
#: leave most of the time to everything else.
_PAUSE = 0.002
_SHARE = 5

#: Bytes that may wait for a reader, and seconds in which one that is slower has to read some.
_MOST_UNSENT = 1 << 17
_PATIENCE = 1.0

#: Lists under way at once.
_AT_ONCE = 2
#: Lists that are asked for and not sent yet, at most.
MOST_LISTS = 64


class Lists:
    """Sends lists, few at a time, while others wait in a line that has an end."""

    def __init__(self) -> None:
        self._waiting: set[tuple[Target, str]] = set()
        self._under_way = asyncio.Semaphore(_AT_ONCE)

    async def send(self, target: Target, what: str, make: Callable[[], Iterable[bytes]]) -> None:
        """Send a list when it is its turn; who asks for it again before that gets it once.

        Parameters
        ----------
        target
            Where to send it.
        what
            The address of the request for it.
        make
            Called when it is its turn; gives the packets one by one.
        """
        if (target, what) in self._waiting:
            return
        self._waiting.add((target, what))
        try:
            await self._under_way.acquire()
        finally:
            self._waiting.discard((target, what))
        try:
            await _send(target, make())
        finally:
            self._under_way.release()


async def _send(target: Target, packets: Iterable[bytes]) -> None:
    began = time.perf_counter()
    for place, packet in enumerate(packets, 1):
        target.send(packet)
        if place % _BATCH == 0:
            await asyncio.sleep(max(_PAUSE, _SHARE * (time.perf_counter() - began)))
            if not await _reads(target):
                return
            began = time.perf_counter()


async def _reads(target: Target) -> bool:
    """Wait for a slow reader, and say whether there still is one."""
    until = time.monotonic() + _PATIENCE
    while target.unsent > _MOST_UNSENT:
        if time.monotonic() > until:
            return False
        await asyncio.sleep(10 * _PAUSE)
    return True
