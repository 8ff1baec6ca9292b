"""The bridge's log: a JSON object on each line of a file, and warnings on stderr."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path

import click

from bridge.text import escaped_in_json, on_one_line
from umtn_core.errors import UmtnError

#: Bytes of a log file, of which one older is kept.
_LARGEST = 10 << 20

_MINUTE = 60.0

#: What every record has; the rest was given as ``extra``.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, what was given as ``extra``, and a traceback."""
        entry = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        # What would end the line for some readers, or turn it round, JSON can write as \u....
        return escaped_in_json(json.dumps(entry, ensure_ascii=False, default=str))


class _OnceAMinute(logging.Filter):
    """Lets the first record of a kind through, and in the minute after it no other.

    For what strangers can cause as often as they like. The next that passes says how many did not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record passes."""
        then, left_out = self._last.get(record.name, (-_MINUTE, 0))
        passes = record.created - then >= _MINUTE or record.created < then
        self._last[record.name] = (record.created, 0) if passes else (then, left_out + 1)
        if passes and left_out:
            record.left_out = left_out
        return passes


class _OnTheScreen(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # Looked up anew each time: the live screen puts itself in the place of stderr.
        click.echo(f"umtn: {on_one_line(record.getMessage())}", err=True)


def begin_log(path: Path | None) -> None:
    """Log warnings to stderr, and everything to a file if there is one.

    Raises
    ------
    UmtnError
        If the file cannot be written.
    """
    root = logging.getLogger("bridge")
    root.setLevel(logging.INFO)
    root.propagate = False
    root.handlers.clear()
    screen = _OnTheScreen(logging.WARNING)
    root.addHandler(screen)
    # aiohttp and zeroconf warn of what strangers send; asyncio of what went wrong in callbacks.
    others = [logging.getLogger(name) for name in ("aiohttp", "asyncio", "zeroconf")]
    for logger in others:
        logger.handlers.clear()
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
        for before in logger.filters[:]:
            logger.removeFilter(before)
        logger.addFilter(_OnceAMinute())
    if path is not None:
        try:
            file = RotatingFileHandler(path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8")
        except OSError as error:
            raise UmtnError(
                f"Cannot write the log file {path} ({error.strerror}); name another --log-file."
            ) from error
        file.setFormatter(JsonLines())
        for logger in (root, *others):
            logger.addHandler(file)
