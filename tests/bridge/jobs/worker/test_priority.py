"""A render worker beside programs that keep every core busy, on Linux."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bridge.jobs.worker.priority import NICENESS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="each system shares in its own way")

#: Says how it is to be scheduled and when it begins, computes until it is ended.
COMPUTING = """
import os, threading
from bridge.jobs.worker import priority
{}
def compute():
    while True:
        pass
print(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), flush=True)
threading.Thread(target=compute).start()
"""
AS_A_WORKER = "priority.let_others_go_first()"


def shares(processes, seconds=2.0):
    """Measure what processes get of a core at the same time, as parts of what they get together."""
    before = [used(process) for process in processes]
    time.sleep(seconds)
    had = [used(process) - old for process, old in zip(processes, before, strict=True)]
    return [each / sum(had) for each in had]


def used(process):
    with open(f"/proc/{process.pid}/stat") as file:
        words = file.read().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def beside_a_loop():
    """Start two computing processes on one core: a plain one, and one that is scheduled so."""
    core = min(os.sched_getaffinity(0))
    started = []

    def start(how):
        for words in ("", how):
            process = subprocess.Popen(
                [sys.executable, "-c", COMPUTING.format(words)], stdout=subprocess.PIPE, text=True
            )
            started.append(process)
            os.sched_setaffinity(process.pid, {core})
        said = [process.stdout.readline().split() for process in started]
        return said, shares(started)[1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_gets_a_share_beside_a_busy_loop_and_leaves_that_more(beside_a_loop):
    said, own = beside_a_loop(AS_A_WORKER)
    assert said[1][0] == str(os.SCHED_OTHER)
    assert int(said[1][1]) == min(19, int(said[0][1]) + NICENESS)
    # A quarter is its part; others on the machine take theirs from both alike.
    assert 0.1 < own < 0.45
