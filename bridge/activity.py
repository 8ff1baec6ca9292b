"""What the bridge is doing, kept up to date job by job."""

from __future__ import annotations

from collections import Counter, OrderedDict

from bridge.jobs import Job
from bridge.protocol import FINAL

#: Ended jobs that the screen may show.
_REMEMBERED = 8


class Activity:
    """Counts jobs without going through all of them, since there may be thousands.

    Attributes
    ----------
    running : dict
        Jobs being rendered, by id.
    ended : dict
        The last few that have ended, by id, newest last.
    counts : Counter
        Jobs queued and running now, and ended since the bridge was started, by state.
    """

    def __init__(self, jobs: list[Job]):
        self.running: dict[str, Job] = {}
        self.ended: OrderedDict[str, Job] = OrderedDict()
        self.counts: Counter[str] = Counter()
        self._states: dict[str, str] = {}
        for job in jobs:
            if job.state not in FINAL:
                self.update(job)

    def update(self, job: Job) -> bool:
        """Take note of how a job is.

        Returns
        -------
        bool
            Whether its state is another one than before.
        """
        before = self._states.get(job.id)
        if job.state == "running":
            self.running[job.id] = job
        else:
            self.running.pop(job.id, None)
        if job.state == before:
            return False
        if before is not None:
            self.counts[before] -= 1
        self.counts[job.state] += 1
        if job.state in FINAL:
            self._states.pop(job.id, None)
            self.ended[job.id] = job
            while len(self.ended) > _REMEMBERED:
                self.ended.popitem(last=False)
        else:
            self._states[job.id] = job.state
        return True
