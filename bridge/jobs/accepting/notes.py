"""What of a region its model was not taught is noted on its job, while that already waits."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from bridge.jobs.accepting.listening import Listening
from bridge.jobs.record import Record
from bridge.jobs.request import RequestError
from bridge.jobs.storage.ledger import Ledger
from bridge.jobs.tasks import Tasks
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

#: Seconds that an answer waits for its note, at most, and the notes to come up to which it does:
#: in a flood, answers go out without.
_PATIENCE = 1.0
_FEW = 4
#: Notes to come, at most; jobs beyond get none.
_MOST_COMING = 1_000


class Notes:
    """Has regions listened to, and notes on their jobs what there is to say.

    That is done one after another in a thread of its own, after the job was stored. Nothing waits
    for it but an answer, for a moment. A file that cannot be listened to gets no note: the worker
    will say what is wrong with it.

    Parameters
    ----------
    listening
        What listens to them, and remembers.
    ledger
        The jobs that notes are put on.
    """

    def __init__(self, listening: Listening, ledger: Ledger):
        self._listening = listening
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="umtn-listen")
        self._coming: dict[str, asyncio.Task[None]] = {}
        self._work = Tasks()

    def begin(self, record: Record) -> None:
        """See to the note of a job that was taken in, if that has not got it already."""
        text = self._listening.remark(record)
        if text is not None and text == record.note:
            return
        if len(self._coming) < _MOST_COMING:
            self._coming[record.id] = self._work.spawn(self._note(record))

    async def wait(self, id: str) -> None:
        """Wait a moment for a job's note, if it comes and is not one of a flood."""
        if id in self._coming and len(self._coming) <= _FEW:
            await asyncio.wait({self._coming[id]}, timeout=_PATIENCE)

    async def close(self) -> None:
        """Listen to nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self._work.cancel()

    async def _note(self, record: Record) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._listening.listen, record)
            text = self._listening.remark(record)
            if text:
                await self._ledger.note(record.id, text, self._listening.offer(record))
        except (UmtnError, RequestError, OSError, ValueError, RuntimeError) as error:
            log.info("the input of job %s cannot be listened to: %s", record.id, error)
        except Exception:
            log.exception("the input of job %s made trouble", record.id)
        finally:
            self._coming.pop(record.id, None)
