"""Other Python processes of ours, which run nothing that lies in the folder they are started in.

Python looks there first for every module when it is told a module's name or a piece of code, as
`multiprocessing` does; and a musician's folder may hold anything, a `queue.py` for instance.
"""

from __future__ import annotations

import multiprocessing.util as multiprocessing_util
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Since this version Python can be told so: by -P, and in its environment.
_KNOWS_SAFE_PATH = (3, 11)
_VARIABLE = "PYTHONSAFEPATH"

#: For older ones: `sys` is built in, and the folder is taken out before anything is looked for.
_LAUNCHER = (
    "import sys; sys.path[:] = [place for place in sys.path if place]; "
    "del sys.argv[0]; import runpy; "
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def module_command(name: str, version: tuple[int, int] = sys.version_info[:2]) -> list[str]:
    """Return the command line that runs a module, as ``python -m`` would.

    Parameters
    ----------
    name
        The module, with its packages.
    version
        The version of this Python; another one for tests.
    """
    if version >= _KNOWS_SAFE_PATH:
        return [sys.executable, "-P", "-m", name]
    return [sys.executable, "-c", _LAUNCHER, name]


def module_environment() -> dict[str, str]:
    """Return an environment in which a process finds our modules, wherever they are.

    Empty parts of PYTHONPATH would mean the current folder, and come of lines like
    ``PYTHONPATH=$PYTHONPATH:/more`` in people's profiles.
    """
    root = str(Path(__file__).resolve().parents[1])
    known = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, *known])}


class _Safety:
    """Tells Pythons that are started by its environment; counted, since several may want it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._before: str | None = None

    def begin(self) -> None:
        with self._lock:
            self._wanted += 1
            if self._wanted == 1:
                self._before = os.environ.get(_VARIABLE)
                os.environ[_VARIABLE] = "1"

    def end(self) -> None:
        with self._lock:
            self._wanted -= 1
            if self._wanted:
                return
            if self._before is None:
                del os.environ[_VARIABLE]
            else:
                os.environ[_VARIABLE] = self._before


_safety = _Safety()


@contextmanager
def safe_spawning() -> Iterator[None]:
    """Have `multiprocessing` start its processes so, meanwhile.

    Those get this process's own path before they look for any module but Python's.
    """
    if sys.version_info < _KNOWS_SAFE_PATH:
        _isolate()
    _safety.begin()
    try:
        yield
    finally:
        _safety.end()


def _isolate() -> None:
    """Have older Pythons start such processes isolated: the one flag of theirs that helps."""
    flags = multiprocessing_util._args_from_interpreter_flags  # type: ignore[attr-defined]
    if getattr(flags, "is_isolating", False):
        return

    def isolating() -> list[str]:
        return [*flags(), "-I"]

    isolating.is_isolating = True  # type: ignore[attr-defined]
    multiprocessing_util._args_from_interpreter_flags = isolating  # type: ignore[attr-defined]
