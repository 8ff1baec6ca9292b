"""The very first of the command line: from here on, Ctrl-C ends it with one line.

What is imported takes a while, and a `KeyboardInterrupt` in the midst of that comes out as whatever
error the module makes of it.
"""

from __future__ import annotations

import os

try:
    import atexit
    import signal
    from types import FrameType
    from typing import NoReturn
except KeyboardInterrupt:
    os.write(2, b"umtn: Cancelled.\n")
    os._exit(130)

_PROCESS = os.getpid()


def main() -> None:
    """Run the command line and exit."""
    listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if listens:
        signal.signal(signal.SIGINT, _interrupt)
        # Of what is registered, what was first is done last: Python puts back then what ends it
        # by the signal itself.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    try:
        from bridge.cli.streams import mend_streams

        mend_streams()
        from bridge.cli.main import main as run

        try:
            run()
        finally:
            if listens:
                # What was to be said is said, and threads may be waited for.
                signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    except KeyboardInterrupt:
        _leave()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Leave at once in the midst of an import, where nothing was begun that is to be cleared up."""
    while os.getpid() == _PROCESS and frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def _leave() -> NoReturn:
    """End with the exit code that shells give for Ctrl-C, whatever else is under way."""
    try:
        os.write(2, b"umtn: Cancelled.\n")
    finally:
        os._exit(130)
