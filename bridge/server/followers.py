"""Who is told about which job, and how often."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bridge.protocol import FINAL
from bridge.server.clients import Target
from bridge.server.packets import reply

if TYPE_CHECKING:
    from bridge.jobs import Job

#: Seconds between two progress messages about one job, at least.
PROGRESS_EVERY = 0.05

#: Places that one job's events go to; whoever came first gives way.
_MOST_FOR_A_JOB = 16


def event(job: Job) -> bytes:
    """Write the message that says how a job is."""
    if job.state == "done":
        return reply("/umtn/done", job.id, job.output)
    if job.state == "cancelled":
        return reply("/umtn/cancelled", job.id)
    if job.state == "failed":
        return reply("/umtn/error", job.id, job.code or "failed", job.message)
    left = -1.0 if job.seconds_left is None else job.seconds_left
    return reply("/umtn/progress", job.id, job.fraction, left, job.state)


class Followers:
    """Sends the events of jobs to those who asked for them and to subscribers.

    Parameters
    ----------
    most_subscribers
        The number of subscribers, at most. The longest subscribed gives way to a new one: who left
        over UDP never said so. One who has subscribed more places than any other loses one of its
        own.
    clock
        Tells the time in seconds.
    """

    def __init__(self, most_subscribers: int, clock: Callable[[], float] = time.monotonic):
        self._most_subscribers = most_subscribers
        self._clock = clock
        self._subscribers: OrderedDict[Target, Target] = OrderedDict()
        self._jobs: dict[str, OrderedDict[Target, None]] = {}
        #: The jobs that each place hears of, so that one can be forgotten among thousands.
        self._heard: defaultdict[Target, set[str]] = defaultdict(set)
        self._spoken: dict[str, tuple[str, float]] = {}

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscribers)

    def subscribe(self, target: Target, asker: Target) -> None:
        """Send every job's events there, because somebody has asked for it."""
        self._subscribers[target] = asker
        self._subscribers.move_to_end(target)
        while len(self._subscribers) > self._most_subscribers:
            # Of those who have as many, the one that comes first has subscribed for the longest.
            ((greediest, _),) = Counter(self._subscribers.values()).most_common(1)
            del self._subscribers[next(t for t, a in self._subscribers.items() if a == greediest)]

    def unsubscribe(self, target: Target) -> None:
        """No longer."""
        self._subscribers.pop(target, None)

    def follow(self, id: str, target: Target) -> None:
        """Send one job's events there, until it ends."""
        targets = self._jobs.setdefault(id, OrderedDict())
        targets[target] = None
        targets.move_to_end(target)
        self._heard[target].add(id)
        while len(targets) > _MOST_FOR_A_JOB:
            gone, _ = targets.popitem(last=False)
            self._is_over(id, gone)

    def is_told(self, id: str, target: Target) -> bool:
        """Whether a job's events go there."""
        return target in self._subscribers or target in self._jobs.get(id, ())

    def hears(self, target: Target) -> bool:
        """Whether any job's events go there."""
        return target in self._subscribers or target in self._heard

    def forget(self, target: Target) -> None:
        """Nothing goes there any more."""
        self._subscribers.pop(target, None)
        for id in self._heard.pop(target, ()):
            self._jobs[id].pop(target, None)

    def leave(self, asker: Target) -> None:
        """Somebody has gone, and so has what was subscribed for other places from there."""
        self.forget(asker)
        for target in [t for t, a in self._subscribers.items() if a == asker]:
            del self._subscribers[target]

    def tell(self, job: Job) -> None:
        """Pass on how a job is, unless that was said just now."""
        now = self._clock()
        state, when = self._spoken.get(job.id, ("", 0.0))
        if state == job.state and now - when < PROGRESS_EVERY:
            return
        packet = event(job)
        for target in self._targets(job.id):
            target.send(packet)
        if job.state in FINAL:
            for target in self._jobs.pop(job.id, ()):
                self._is_over(job.id, target)
            self._spoken.pop(job.id, None)
        else:
            self._spoken[job.id] = (job.state, now)

    def _targets(self, id: str) -> Iterable[Target]:
        return OrderedDict.fromkeys([*self._jobs.get(id, ()), *self._subscribers])

    def _is_over(self, id: str, target: Target) -> None:
        """One job's events go there no longer."""
        self._heard[target].discard(id)
        if not self._heard[target]:
            del self._heard[target]
