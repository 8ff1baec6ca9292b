"""Answers that take their time: it is said at once that they will come.

They are sent when they are there, to whoever asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

from bridge.jobs import RequestError
from bridge.protocol import Value
from bridge.server.clients import Target
from bridge.server.metrics import Metrics
from bridge.server.packets import reply

log = logging.getLogger(__name__)

INTERNAL = "The bridge could not do this because of a fault of its own; its log says more."

#: Seconds within which an answer is not late.
PATIENCE = 0.1
#: Late answers to come, at most; more are refused as ``busy``.
MOST_TO_COME = 256

#: Who asked, and what.
_Key = tuple[Target, tuple[Value, ...]]


class LateAnswers:
    """Sends answers when they are there.

    Parameters
    ----------
    metrics
        What counts those that are refusals.
    """

    def __init__(self, metrics: Metrics):
        self._metrics = metrics
        self._to_come: dict[_Key, asyncio.Task[bytes]] = {}

    async def answer(
        self,
        answers: Target,
        asked: tuple[Value, ...],
        meanwhile: bytes,
        work: Coroutine[Any, Any, bytes],
    ) -> None:
        """Answer a request at once, or say that the answer will come.

        Parameters
        ----------
        answers
            The place that the answer is sent to.
        asked
            The request's id, which refusals name, and all else that tells it from others.
        meanwhile
            The packet that is sent if the answer takes longer.
        work
            A coroutine that returns the answer.

        Raises
        ------
        RequestError
            If it is refused at once.
        """
        key = (answers, asked)
        if key in self._to_come:
            work.close()
            answers.send(meanwhile)
            return
        if len(self._to_come) >= MOST_TO_COME:
            work.close()
            raise RequestError("busy", "Too many answers are to come; ask again later.")
        task = self._to_come[key] = asyncio.create_task(work)
        await asyncio.wait({task}, timeout=PATIENCE)
        if task.done():
            self._to_come.pop(key, None)
            if not task.cancelled():
                answers.send(task.result())
        else:
            answers.send(meanwhile)
            task.add_done_callback(partial(self._tell, key))

    def forget(self, target: Target) -> None:
        """Nothing more goes there."""
        for key in [key for key in self._to_come if key[0] == target]:
            self._to_come.pop(key).cancel()

    async def close(self) -> None:
        """Say of all that are to come that they will not."""
        for task in (left := set(self._to_come.values())):
            task.cancel()
        if left:
            await asyncio.wait(left)

    def _tell(self, key: _Key, task: asyncio.Task[bytes]) -> None:
        if self._to_come.pop(key, None) is None:
            return  # whoever asked has gone
        answers, (asked_id, *_) = key
        id = str(asked_id)
        if task.cancelled():
            text = "The bridge is stopping; ask again when it has started."
            self._refuse(answers, id, "busy", text)
            return
        error = task.exception()
        if error is None:
            answers.send(task.result())
        elif isinstance(error, RequestError):
            self._refuse(answers, id, error.code, error.message)
        else:
            log.error("what was asked for made trouble", exc_info=error)
            self._refuse(answers, id, "internal", INTERNAL)

    def _refuse(self, answers: Target, id: str, code: str, text: str) -> None:
        self._metrics.refused(code)
        answers.send(reply("/umtn/error", id, code, text))
