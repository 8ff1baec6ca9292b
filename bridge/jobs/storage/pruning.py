"""Old jobs are forgotten, and old results deleted, within the limits that the user sets."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bridge.jobs.record import Record
from bridge.jobs.settings import JobSettings

DAY = 24 * 3600.0


@dataclass
class Pruned:
    """What has gone.

    Parameters
    ----------
    aged, beyond_size, beyond_number
        Ids of jobs that are to be remembered no more, by the reason why.
    deleted
        The number of results that were deleted.
    """

    aged: list[str] = field(default_factory=list)
    beyond_size: list[str] = field(default_factory=list)
    beyond_number: list[str] = field(default_factory=list)
    deleted: int = 0

    @property
    def forgotten(self) -> list[str]:
        """Ids of all jobs that are to be remembered no more."""
        return self.aged + self.beyond_size + self.beyond_number


def prune_results(
    records: Iterable[Record], settings: JobSettings, age: Callable[[float], float]
) -> Pruned:
    """Delete results that are too old or too many, and say which jobs to forget.

    Only files that the bridge has written itself are deleted: results in the session folder
    that nobody has changed since. A job whose result cannot be deleted is remembered.

    Parameters
    ----------
    records
        The records of all jobs.
    settings
        The session folder and the limits.
    age
        Says how many seconds ago a record's ``ended`` is.
    """
    pruned = Pruned()
    # An earlier version has not said when jobs ended: those are the oldest.
    finished = sorted((r for r in records if r.finished), key=lambda r: (r.ended, r.updated))
    session = Path(os.path.realpath(settings.session_folder))
    kept: list[Record] = []
    for record in finished:
        if settings.keep_days is None or age(record.ended) <= settings.keep_days * DAY:
            kept.append(record)
        elif not _is_untouched_result(record, session):
            pruned.aged.append(record.id)
        elif _delete(record):
            pruned.aged.append(record.id)
            pruned.deleted += 1
    if settings.keep_bytes is not None:
        results = [record for record in kept if _is_untouched_result(record, session)]
        total = sum(record.output_size for record in results)
        for record in results:
            if total <= settings.keep_bytes:
                break
            if _delete(record):
                total -= record.output_size
                pruned.beyond_size.append(record.id)
                pruned.deleted += 1
    gone = set(pruned.forgotten)
    remembered = [record.id for record in kept if record.id not in gone]
    pruned.beyond_number = remembered[: max(0, len(remembered) - settings.most_remembered)]
    return pruned


def _is_untouched_result(record: Record, session: Path) -> bool:
    path = Path(record.request.output)
    if record.state != "done" or Path(os.path.realpath(path)) != path:
        return False
    if not path.is_relative_to(session):
        return False
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    known = (record.output_size, record.output_mtime_ns)
    return stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == known


def _delete(record: Record) -> bool:
    try:
        os.unlink(record.request.output)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
