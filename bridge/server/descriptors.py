"""How many connections the system lets a process hold beside its files."""

from __future__ import annotations

import contextlib
import logging
import sys

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

#: Descriptors for what is no client: files, workers, listening sockets; and for HTTP, those who
#: have not said anything yet, and those who are turned away, up to 64 of each.
_KEPT = 320


def connections_at_once(wanted: int) -> int:
    """Raise the limit on open files as far as clients need it and the system allows.

    Parameters
    ----------
    wanted
        The number of connections that are to be held at once.

    Returns
    -------
    int
        How many of them there is room for, at least a quarter of the limit.
    """
    if sys.platform == "win32":  # sockets are counted apart from files there, and not few
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _KEPT
    if _is_less(soft, needed):
        # macOS says that there is no limit, and has one.
        with contextlib.suppress(OSError, ValueError):
            target = hard if _is_less(hard, needed) else needed
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not _is_less(soft, needed):
        return wanted
    room = max(soft - _KEPT, soft // 4)
    log.warning("the system allows %d open files, so %d TCP connections", soft, room)
    return room


def _is_less(limit: int, needed: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < needed
