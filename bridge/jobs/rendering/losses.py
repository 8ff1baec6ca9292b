"""What becomes of a job whose render was lost: another try, or its end.

A job may be what ends the worker, and is not to do so for ever; but whoever kills a worker, or a
kernel that needs memory for something else, is not to make jobs fail that would end well. So a job
fails after two losses that may be its doing, between which nothing new of it was saved. A kill
that is known to come from outside says nothing about the job, but if there are many of them in a
row, something has it in for it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from bridge.jobs.record import Record
from bridge.jobs.rendering.renderer import LostError

#: Kills from outside after which a job fails that never gets any further.
MOST_KILLS = 20


class Losses:
    """Counts what was lost of each job since it last got further."""

    def __init__(self) -> None:
        self._kills: Counter[str] = Counter()

    def next_try(
        self, record: Record, lost: LostError, *, alone: bool, batch: str, got_further: bool
    ) -> dict[str, Any] | None:
        """Decide how a job is tried once more.

        Parameters
        ----------
        record
            The job, as it was when its render was lost.
        lost
            How that was.
        alone
            Whether it was the only job of its batch that had not ended.
        batch
            The name under which the batch is saved; empty, it is not.
        got_further
            Whether it was saved anew since it was begun or gone on with.

        Returns
        -------
        dict or None
            What changes in its record; None, it is not tried any more.
        """
        crashes = record.crashes
        if got_further:
            self.forget(record.id)
            crashes = 0
        if lost.from_outside:
            self._kills[record.id] += 1
            if self._kills[record.id] > MOST_KILLS:
                return None
            return {"batch": batch, "crashes": crashes}
        if alone and crashes:
            return None
        # Not together a second time: one of them may be what ends the worker.
        return {"batch": "" if crashes else batch, "crashes": 1}

    def forget(self, id: str) -> None:
        """Begin to count anew."""
        self._kills.pop(id, None)


def why_no_more(lost: LostError) -> str:
    """Say in a sentence why a job is not tried any more."""
    if lost.from_outside:
        return (
            f"The render worker {lost}, and so {MOST_KILLS} times before without the job getting "
            "any further; find out what ends it, and send the job again under another id."
        )
    return (
        f"The render worker {lost}, and so again when the job was tried once more; "
        "render a shorter region or use another engine, and close programs that take memory."
    )
