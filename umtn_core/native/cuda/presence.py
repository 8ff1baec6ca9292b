"""Whether this machine has an NVIDIA driver: all that costs nothing to know of its GPUs."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

#: The library that comes with the driver.
LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


@cache
def has_driver() -> bool:
    """Whether the driver's library can be loaded, looked for once in a process."""
    try:
        # cffi would have compilers and linkers search for what the loader does not find.
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True
