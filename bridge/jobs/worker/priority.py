"""Which share of a busy processor a render worker gets, and how soon it makes way."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

#: Below everything interactive: a quarter of the time of a core that others want as well.
NICENESS = 5
#: The longest turn that Linux gives: whoever wakes and wants shorter ones goes before at once.
TURN_NS = 100_000_000

#: The number of the system call, for which the C library has no function.
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "riscv64": 274}


class _Attributes(ctypes.Structure):
    """What Linux calls ``struct sched_attr``."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def let_others_go_first() -> None:
    """Leave the processor to whoever needs it at once, and take a share of it all the same.

    It holds for this thread and those that it starts from then on. Linux's idle class would make
    way as soon, but starve beside programs that keep every core busy, and nobody leaves it again
    without privileges.
    """
    if not hasattr(os, "nice"):
        return
    os.nice(NICENESS)
    _ask_for_long_turns()


def _ask_for_long_turns() -> bool:
    """Have Linux since 6.12 let others interrupt; an older one only keeps the request."""
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None or sys.maxsize < 2**32:
        return False
    wanted = _Attributes(
        size=ctypes.sizeof(_Attributes),
        policy=os.SCHED_OTHER,
        nice=os.getpriority(os.PRIO_PROCESS, 0),
        runtime=TURN_NS,
    )
    return ctypes.CDLL(None).syscall(number, 0, ctypes.byref(wanted), 0) == 0
