"""A decoder that writes to the standard error output by itself, kept from doing so."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

#: How the lines begin that libmpg123 writes about every damaged frame, with no way to stop it.
_CHATTER = (b"[src/libmpg123/", b"\n[src/libmpg123/")

_STDERR = 2
_lock = threading.Lock()


@contextmanager
def hushed() -> Iterator[None]:
    """Keep libmpg123's lines off the standard error output; all others come after the block.

    For blocks of a moment: what other threads write meanwhile waits for its end.
    """
    with _lock:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # it is closed
            yield
            return
        try:
            with tempfile.TemporaryFile() as said:
                os.dup2(said.fileno(), _STDERR)
                try:
                    yield
                finally:
                    os.dup2(kept, _STDERR)
                    _pass_on(said)
        finally:
            os.close(kept)


def _pass_on(said: BinaryIO) -> None:
    said.seek(0)
    lines = [line for line in said if line.strip() and not line.startswith(_CHATTER)]
    if lines:
        os.write(_STDERR, b"".join(lines))
