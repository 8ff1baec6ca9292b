"""Old jobs are forgotten, and old results deleted, within the limits that the user sets."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from bridge.jobs.record import Record
from bridge.jobs.settings import JobSettings

_DAY = 24 * 3600.0


def prune_results(records: Iterable[Record], settings: JobSettings, now: float) -> list[str]:
    """Delete results that are too old or too many, and say which jobs to forget.

    Only files that the bridge has written itself are deleted: results in the session folder
    that nobody has changed since.

    Parameters
    ----------
    records
        The records of all jobs.
    settings
        The session folder and the limits.
    now
        The time, in seconds since the epoch.

    Returns
    -------
    list of str
        Ids of jobs that are to be remembered no more.
    """
    finished = sorted((r for r in records if r.finished), key=lambda r: r.updated)
    session = Path(os.path.realpath(settings.session_folder))
    forgotten: list[str] = []
    kept: list[Record] = []
    for record in finished:
        days = (now - record.updated) / _DAY
        if settings.keep_days is not None and days > settings.keep_days:
            if _is_untouched_result(record, session):
                _delete(record)
            forgotten.append(record.id)
        else:
            kept.append(record)
    if settings.keep_bytes is not None:
        results = [record for record in kept if _is_untouched_result(record, session)]
        total = sum(record.output_size for record in results)
        for record in results:
            if total <= settings.keep_bytes:
                break
            _delete(record)
            total -= record.output_size
            forgotten.append(record.id)
    gone = set(forgotten)
    remembered = [record.id for record in kept if record.id not in gone]
    excess = max(0, len(remembered) - settings.most_remembered)
    return forgotten + remembered[:excess]


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


def _delete(record: Record) -> None:
    with contextlib.suppress(OSError):
        os.unlink(record.request.output)
