"""Ctrl-C from the first moment: one line, the exit code of an interrupt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.cli.failures import INTERRUPTED

ROOT = Path(__file__).parents[3]

#: Runs `umtn models`, with Ctrl-C while a module is imported that makes another error of it.
IN_AN_IMPORT = """
import os, signal, sys

class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(1000):
                    pass
            except KeyboardInterrupt:
                raise ImportError("the module could not be loaded")

sys.meta_path.insert(0, Interrupted())
sys.argv = ["umtn", "models"]
from bridge.cli import main
main()
"""

#: The same, while it works.
AT_WORK = """
import os, signal, sys, time
import bridge.cli.models

def describe_all():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    finally:
        print("cleared up", flush=True)

bridge.cli.models.describe_all = describe_all
sys.argv = ["umtn", "models"]
from bridge.cli.start import main
main()
"""

#: The same, when all is said and Python clears up: while threads are waited for, and behind that.
AT_THE_END = """
import atexit, os, signal, sys, threading, time

def ask():
    os.kill(os.getpid(), signal.SIGINT)

class Last:
    def __del__(self):
        ask()

def at_end(*_):
    time.sleep(0.3)
    ask()

sys.last = Last()
{when}
sys.argv = ["umtn", "nothing"]
from bridge.cli.start import main
main()
"""


def interrupted(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == INTERRUPTED, done.stderr
    assert done.stderr == "umtn: Cancelled.\n"
    return done.stdout


@pytest.mark.parametrize("module", ["click", "bridge.cli.models", "msgspec"])
def test_in_the_midst_of_an_import(module: str) -> None:
    assert interrupted(IN_AN_IMPORT.format(module=module)) == ""


def test_at_work_what_was_begun_is_cleared_up() -> None:
    assert interrupted(AT_WORK) == "cleared up\n"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("threading.Thread(target=at_end).start()", INTERRUPTED),
        # Nothing is left that could be interrupted.
        ("", 2),
    ],
)
def test_ctrl_c_when_all_is_said_changes_nothing_that_was_said(when: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END.format(when=when)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1 and "nothing" in done.stderr
