"""Whether a process was killed since memory ran out, or because somebody wanted it to end."""

from __future__ import annotations

from pathlib import Path

_COUNTERS = Path("/proc/vmstat")


def memory_kills() -> int | None:
    """Say how many processes the kernel has ended so far since memory ran out.

    It counts before it kills: whoever finds that a process has gone finds it counted.

    Returns
    -------
    int or None
        None where that is not known: outside of Linux, and in some containers.
    """
    try:
        for line in _COUNTERS.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    except (OSError, ValueError):
        pass
    return None
