"""Shows how far long work has come: a live bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import os
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bridge.cli.output import print_line
from bridge.text import on_one_line

#: Seconds between two plain lines about the same work.
PATIENCE_S = 10.0
#: The environment variable for another time. What is no number there is no reason to stop work.
PATIENCE = "UMTN_PROGRESS_S"
#: Seconds that work has to have advanced for, before they say how long the rest of it takes.
_TELLING_S = 1.0


class Meter:
    """Shows the progress of named pieces of work; this one shows nothing."""

    def __enter__(self) -> Meter:
        """Begin to show."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Stop showing, whatever happened."""

    def update(self, name: str, done: float, total: float) -> None:
        """Say that ``done`` of ``total`` units of the work called ``name`` are done."""


class Bars(Meter):
    """One live bar for each piece of work, with the time left."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Meter:
        """Begin to draw."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self._bars.stop()

    def update(self, name: str, done: float, total: float) -> None:
        """Move one bar, making it the first time."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(on_one_line(name), total=total)
        self._bars.update(self._tasks[name], completed=done, total=total)


class Lines(Meter):
    """A plain line for each piece of work every few seconds, for logs and pipes."""

    def __init__(self) -> None:
        self._patience = _patience()
        self._begun: dict[str, tuple[float, float]] = {}
        self._spoken: dict[str, float] = {}

    def update(self, name: str, done: float, total: float) -> None:
        """Print a line, unless one was printed just now."""
        now = time.monotonic()
        spoken = self._spoken.setdefault(name, now)
        if done <= 0 or total <= 0:
            return
        # What is done at first, and the wait for it, say nothing of how fast the work is.
        begun, already = self._begun.setdefault(name, (now, done))
        if now - spoken < self._patience:
            return
        self._spoken[name] = now
        text = f"{name}: {100 * done / total:.0f} %"
        if now - begun >= _TELLING_S and done > already:
            text += f", {_clock((now - begun) / (done - already) * (total - done))} left"
        print_line(text, err=True)


def meter(quiet: bool = False) -> Meter:
    """Choose what fits where stderr goes.

    Parameters
    ----------
    quiet
        Whether to show nothing.
    """
    if quiet:
        return Meter()
    return Bars() if sys.stderr.isatty() else Lines()


def _patience() -> float:
    try:
        seconds = float(os.environ.get(PATIENCE, ""))
    except ValueError:
        return PATIENCE_S
    return PATIENCE_S if math.isnan(seconds) else seconds


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
