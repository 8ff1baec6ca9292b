"""Standard streams that are closed or cannot be written to: the work is done all the same."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from umtn_core.errors import UmtnError

_NAMES = ("stdin", "stdout", "stderr")


class _Results(io.TextIOWrapper):
    """What is printed on stdout; that it cannot be is said once, in a sentence."""

    _has_failed = False

    def write(self, text: str) -> int:
        """Write, as far as anything can be."""
        # Of nothing nothing is lost: click writes that to see whether this is a stream of text.
        if self._has_failed or text == "":
            return len(text)
        try:
            return super().write(text)
        except OSError as error:
            raise self._failure(error) from error

    def flush(self) -> None:
        """Write what is still to be written."""
        try:
            if not self._has_failed:
                super().flush()
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> Exception:
        # Where a pipe's reader has gone (`umtn models | head`), click knows how to end quietly.
        if error.errno == errno.EPIPE:
            return error
        self._has_failed = True
        return UmtnError(
            f"What is printed cannot be written to stdout ({error.strerror or error}); "
            "send it elsewhere."
        )


class _Remarks(io.TextIOWrapper):
    """What is said on stderr, and is no reason to stop where it cannot be."""

    def write(self, text: str) -> int:
        """Write, if that can be."""
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Write what is still to be written, if that can be."""
        with suppress(OSError):
            super().flush()


def mend_streams() -> None:
    """Give a process the standard streams that it lacks, and say whatever becomes of the others.

    Daemons and programs with windows start others without. Python has None then, and a file that
    is opened takes the place of the stream: what a library says of itself would end up in it.
    """
    for name in _NAMES:
        if getattr(sys, name) is None:
            # In order, each is the lowest that is free, and thus the one that is closed.
            null = open(  # noqa: SIM115
                os.devnull,
                "r" if name == "stdin" else "w",
                encoding="utf-8",
                errors="backslashreplace",
            )
            os.set_inheritable(null.fileno(), True)
            setattr(sys, name, null)
    sys.stdout = _instead(sys.stdout, _Results)
    sys.stderr = _instead(sys.stderr, _Remarks)


def _instead(stream: TextIO, kind: type[io.TextIOWrapper]) -> TextIO:
    """Take the place of a stream of Python's own by one of another kind."""
    if type(stream) is not io.TextIOWrapper:
        return stream
    # As click does: the environment that says ASCII mostly says nothing of what is looked at. What
    # another encoding lacks is written out, rather than being the end of work that is done.
    ascii_only = codecs.lookup(stream.encoding).name == "ascii"
    encoding = "utf-8" if ascii_only else stream.encoding
    errors = "backslashreplace" if stream.errors == "strict" else stream.errors
    by_line, at_once = stream.line_buffering, stream.write_through
    return kind(stream.detach(), encoding, errors, line_buffering=by_line, write_through=at_once)
