import threading
import time

import pytest

from umtn_core.threads import run_watched


def test_all_jobs_run_and_the_watch_hears_of_the_end_once():
    done, heard = [], []
    run_watched([lambda _, i=i: done.append(i) for i in range(20)], 3, heard.append)
    assert sorted(done) == list(range(20))
    assert heard.count(True) == 1
    assert heard[-1] is True


def test_jobs_overlap_as_far_as_there_are_threads():
    barrier = threading.Barrier(3, timeout=10)
    run_watched([lambda _: barrier.wait()] * 3, 3, lambda _: None)


@pytest.mark.parametrize("culprit", ["watch", "job"])
def test_an_error_stops_the_other_jobs_before_it_is_raised(culprit):
    ended = []

    def patient(stop):
        stop.wait(10)
        ended.append(time.monotonic())

    def fail(*_):
        raise ZeroDivisionError

    jobs = [patient, fail if culprit == "job" else patient, patient, patient]
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        run_watched(jobs, 2, fail if culprit == "watch" else lambda _: None)
    raised = time.monotonic()
    assert raised - began < 5
    assert all(moment <= raised for moment in ended)
    # Those not yet begun by then never are.
    assert 1 <= len(ended) <= 2


def test_no_jobs_are_done_at_once():
    heard = []
    run_watched([], 2, heard.append)
    assert heard == [True]
