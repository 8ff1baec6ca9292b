"""Who is next, and with whom."""

from __future__ import annotations

import msgspec

from bridge.jobs.record import Record
from bridge.jobs.rendering.waiting import Waiting
from bridge.jobs.request import RenderRequest


def record(id, created=0.0, batch="", crashes=0, **options):
    request = RenderRequest(id=id, input="/in.wav", target="trumpet", **options)
    return Record(request, request, created=created, batch=batch, crashes=crashes)


def waiting(*records):
    queue = Waiting()
    for each in records:
        queue.add(each)
    return queue


def taken(queue, can_run=lambda engine: True, together=8, saved=()):
    return [record.id for record in queue.take(can_run, together, set(saved))]


def test_the_most_urgent_then_the_oldest_with_what_goes_with_it():
    queue = waiting(
        record("late", 3.0, seed=4),
        record("other", 2.0, top_p=0.5),
        record("early", 1.0, seed=3),
        record("urgent", 4.0, priority=1, start=5.0),
    )
    assert taken(queue) == ["urgent", "early", "late"]
    assert taken(queue) == ["other"]
    assert taken(queue) == [] and not len(queue)


def test_everything_that_a_batch_shares_keeps_jobs_apart():
    base = record("a")
    for change in (
        {"model": "m"}, {"target": "t"}, {"engine": "onnx"}, {"temperature": 0.5}, {"top_p": 0.5},
        {"segments": 2}, {"mix": 0.5}, {"channels": "mid"}, {"postfilter": 0},
        {"dynamics": 0.5}, {"transpose": 12},
    ):  # fmt: skip
        other = msgspec.structs.replace(base.request, id="b", **change)
        queue = waiting(base, Record(other, other, created=1.0))
        assert taken(queue) == ["a"], change


def test_a_batch_has_a_limit():
    queue = waiting(*(record(str(i), float(i)) for i in range(5)))
    assert taken(queue, together=3) == ["0", "1", "2"]
    assert len(queue) == 2


def test_what_cannot_run_now_does_not_hold_up_the_rest():
    queue = waiting(record("gpu", 0.0, engine="cuda", priority=9), record("cpu", 1.0))
    assert taken(queue, lambda engine: engine != "cuda") == ["cpu"]
    assert taken(queue, lambda engine: engine != "cuda") == []
    assert taken(queue) == ["gpu"]


def test_a_saved_batch_goes_on_as_it_was():
    queue = waiting(
        record("a", 0.0, batch="x"), record("new", 1.0), record("b", 2.0, batch="x", crashes=1)
    )
    assert taken(queue, saved=["x"]) == ["a", "b"]
    assert taken(queue, saved=["x"]) == ["new"]


def test_one_of_a_saved_batch_does_not_join_another():
    queue = waiting(record("new", 0.0), record("a", 1.0, batch="x"))
    assert taken(queue, saved=["x"]) == ["new"]


def test_what_was_not_saved_begins_again_with_others():
    queue = waiting(record("a", 0.0, batch="lost"), record("b", 1.0))
    assert taken(queue) == ["a", "b"]


def test_a_job_that_lost_its_worker_runs_alone():
    queue = waiting(record("a", 0.0), record("suspect", 1.0, crashes=1), record("b", 2.0))
    assert taken(queue) == ["a", "b"]
    queue.add(record("c", 3.0))
    assert taken(queue) == ["suspect"]


def test_discarding():
    queue = waiting(record("a"), record("b", 1.0))
    assert "a" in queue
    queue.discard("a")
    queue.discard("a")
    assert "a" not in queue and len(queue) == 1
    queue.add(record("b", 1.0, priority=2))
    assert len(queue) == 1, "once, at its new place"
