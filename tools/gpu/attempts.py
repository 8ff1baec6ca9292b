"""A program that works through a list, started again where one item hangs or kills it.

The program appends a line of JSON to a report for each item, ``{"begun": name}`` before and
``{"done": name, ...}`` after it, and ``{"over": true}`` at its end. Started again, it leaves out
what the report says was begun: so an item that hangs costs no other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Names the report to the program.
REPORT = "UMTN_GPU_REPORT"
#: The program is started so many times at most.
_STARTS = 20
#: Seconds between looks at the report.
_LOOK = 0.1
_NO_TIME = "the time was up"


@dataclass
class Account:
    """What became of the items.

    Attributes
    ----------
    listed
        The names of all items, where the program listed them.
    done
        What the report says of each that ended.
    lost
        Why there is nothing of an item that was begun, where it had its time.
    over
        Whether the program came to its end.
    why
        Why it did not; empty where it did.
    """

    listed: list[str] = field(default_factory=list)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    over: bool = False
    why: str = ""


def append(report: Path, **what: object) -> None:
    """Write a line of a report."""
    with report.open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


def entries(report: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a report."""
    if not report.exists():
        return []
    *lines, _unfinished = report.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.startswith("{")]


def begun(report: Path) -> set[str]:
    """List the items that were begun by now."""
    return {entry["begun"] for entry in entries(report) if "begun" in entry}


def attempt(
    command: Sequence[str],
    report: Path,
    log: Path,
    *,
    each: float,
    start: float,
    seconds: float,
    environment: Mapping[str, str],
) -> Account:
    """Run a program until it is over, or the time is.

    Parameters
    ----------
    command
        The program and its arguments.
    report, log
        The file that it reports to, which is new, and the one that its output is added to.
    each, start
        The seconds that an item may take, and those until the first begins.
    seconds
        The seconds that there are for all.
    environment
        The program's environment, to which `REPORT` is added.
    """
    until = time.monotonic() + seconds
    account = Account()
    for _ in range(_STARTS):
        before = len(begun(report))
        account.why = _start(command, report, log, each, start, until, environment)
        _take(report, account)
        if account.over:
            account.why = ""
            break
        if account.why != _NO_TIME:
            for name in begun(report) - set(account.done) - set(account.lost):
                account.lost[name] = account.why
        if time.monotonic() >= until or len(begun(report)) == before:
            break
    return account


def _start(
    command: Sequence[str], report: Path, log: Path, each: float, start: float, until: float,
    environment: Mapping[str, str],
) -> str:  # fmt: skip
    """Start the program once; say how it ended."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env={**environment, REPORT: str(report)},
        )  # fmt: skip
        size, since, limit = _size(report), time.monotonic(), start
        try:
            while process.poll() is None:
                now, grown = time.monotonic(), _size(report)
                if grown != size:
                    size, since, limit = grown, now, each
                if now >= until:
                    return _NO_TIME
                if now - since > limit:
                    return f"there was no answer for {limit:.0f} s"
                time.sleep(_LOOK)
            return f"the program ended with status {process.returncode}"
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program with all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
    except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
        pass  # gone already, or held up in the driver: nothing more can be done


def _size(report: Path) -> int:
    return report.stat().st_size if report.exists() else 0


def _take(report: Path, account: Account) -> None:
    for entry in entries(report):
        if "listed" in entry and not account.listed:
            account.listed = entry["listed"]
        elif "done" in entry:
            account.done[entry["done"]] = entry
        elif "over" in entry:
            account.over = True
