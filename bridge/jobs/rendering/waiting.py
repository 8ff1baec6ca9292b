"""The order in which jobs wait, and which of them go together."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Container, Iterator

from bridge.jobs.own import is_own
from bridge.jobs.record import Record
from bridge.jobs.request import RenderRequest

#: Jobs looked at behind the first one for others to decode with it.
_FARTHEST = 500

_Key = tuple[int, float, str]


def compatibility(request: RenderRequest) -> tuple[object, ...]:
    """Say what jobs must have in common to be decoded as one batch."""
    return (
        request.model,
        request.target,
        request.engine,
        request.temperature,
        request.top_p,
        request.segments,
        request.mix,
        request.channels,
        request.dynamics,
        request.transpose,
        request.postfilter,
        # A client's job is not to take longer for the bridge's own.
        is_own(request.id),
    )


class Waiting:
    """Records that wait, the highest priority first, then the oldest."""

    def __init__(self) -> None:
        self._order: list[_Key] = []
        self._records: dict[str, Record] = {}
        # How many wait for each, so that while none can run nobody looks through all of them.
        self._engines: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, id: str) -> bool:
        return id in self._records

    def add(self, record: Record) -> None:
        """Let a record wait at its place."""
        self.discard(record.id)
        self._records[record.id] = record
        self._engines[record.request.engine] += 1
        insort(self._order, _key(record))

    def discard(self, id: str) -> None:
        """Take a record out, if it waits."""
        record = self._records.pop(id, None)
        if record is not None:
            del self._order[bisect_left(self._order, _key(record))]
            engine = record.request.engine
            self._engines[engine] -= 1
            if not self._engines[engine]:
                del self._engines[engine]

    def has_of(self, batch: str) -> bool:
        """Say whether a job waits that was last saved in a batch of this name."""
        return any(record.batch == batch for record in self._records.values())

    def can_run(self, has_room: Callable[[str], bool]) -> bool:
        """Say whether there is room for one that waits, told of each engine that there is."""
        return any(has_room(engine) for engine in self._engines)

    def take(
        self, can_run: Callable[[str], bool], together: int, saved: Container[str]
    ) -> list[Record]:
        """Take the next jobs for one batch; none if there is none that can run now.

        Parameters
        ----------
        can_run
            Whether there is room for a request for an engine, by its name.
        together
            The number of jobs in a batch, at most.
        saved
            The names of batches whose decoding was saved. Their jobs go on together,
            and with no others.
        """
        first = self._first(can_run)
        if first is None:
            return []
        if first.batch in saved:
            taken = [r for r in self._in_order() if r.batch == first.batch]
        elif first.crashes:
            # It may have been the reason; others are not to suffer from it.
            taken = [first]
        else:
            wanted = compatibility(first.request)
            taken = [first]
            for count, other in enumerate(self._in_order()):
                if count == _FARTHEST or len(taken) == together:
                    break
                fits = not other.crashes and other.batch not in saved
                if fits and other is not first and compatibility(other.request) == wanted:
                    taken.append(other)
        for record in taken:
            self.discard(record.id)
        return taken

    def _in_order(self) -> Iterator[Record]:
        return (self._records[id] for _, _, id in self._order)

    def _first(self, can_run: Callable[[str], bool]) -> Record | None:
        runnable = {engine for engine in self._engines if can_run(engine)}
        if not runnable:
            return None
        return next(record for record in self._in_order() if record.request.engine in runnable)


def _key(record: Record) -> _Key:
    return -record.request.priority, record.created, record.id
