"""How the steps of an engine are divided into runs."""

import threading
import time

from umtn_core.decode import patience
from umtn_core.decode.patience import Patience


def test_runs_grow_from_a_single_step_until_they_take_long_enough(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    made = []
    for count in Patience().runs(100, threading.Event()):
        made.append(count)
        now[0] += count * patience.RUN_SECONDS / 20.5
    assert made == [1, 20, 20, 20, 20, 19]


def test_a_run_has_no_more_steps_than_it_may_have():
    assert max(Patience().runs(50, threading.Event(), 8)) == 8


def test_nothing_is_run_once_told_to_stop():
    stop = threading.Event()
    runs = Patience().runs(10, stop)
    assert next(runs) == 1
    stop.set()
    assert list(runs) == []
