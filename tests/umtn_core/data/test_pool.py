import os
import threading

import pytest

from umtn_core.data.pool import run_all
from umtn_core.errors import UmtnError


def double(number):
    return 2 * number


def die(number):
    os._exit(1)


@pytest.mark.parametrize(("workers", "kind"), [(1, "threads"), (3, "threads"), (2, "processes")])
def test_every_task_is_done_once(workers, kind):
    results = list(run_all(double, range(20), workers=workers, kind=kind))
    assert sorted(results) == [(n, 2 * n) for n in range(20)]


def test_nothing_at_all():
    assert list(run_all(double, [], workers=4, kind="processes")) == []


def test_threads_really_work_at_once():
    meeting = threading.Barrier(3, timeout=20)
    assert len(list(run_all(lambda _: meeting.wait(), range(3), workers=3, kind="threads"))) == 3


def test_an_error_comes_out_and_stops_the_rest():
    begun = []

    def work(number):
        begun.append(number)
        if number == 0:
            raise UmtnError("the disk is full")
        return number

    with pytest.raises(UmtnError, match="the disk is full"):
        list(run_all(work, range(1000), workers=2, kind="threads"))
    assert len(begun) < 1000


def test_a_worker_that_dies_is_one_sentence():
    with pytest.raises(UmtnError, match="worker process died"):
        list(run_all(die, range(4), workers=2, kind="processes"))
