"""Jobs that end their workers end themselves; kills from outside do jobs no harm."""

from __future__ import annotations

import asyncio
import os

import msgspec
import pytest

from bridge.jobs import RenderRequest
from bridge.jobs.record import Record
from bridge.jobs.rendering import worker_process
from bridge.jobs.rendering.losses import MOST_KILLS, Losses, why_no_more
from bridge.jobs.rendering.memory_kills import memory_kills
from bridge.jobs.rendering.renderer import LostError
from tests.bridge.jobs.conftest import running

CRASH = LostError("ended with code 1")
KILL = LostError("was ended by SIGKILL, from outside", from_outside=True)


class Tries:
    """One job, tried again and again."""

    def __init__(self):
        request = RenderRequest(id="a", input="/in.wav", target="t")
        self.record = Record(request, request)
        self.losses = Losses()

    def lost(self, how, *, alone=True, batch="", got_further=False):
        """Lose it; say the batch that it goes on in, or None if it does not."""
        changes = self.losses.next_try(
            self.record, how, alone=alone, batch=batch, got_further=got_further
        )
        if changes is None:
            return None
        self.record = msgspec.structs.replace(self.record, **changes)
        return self.record.batch


def test_a_job_that_ends_its_worker_has_two_tries():
    tries = Tries()
    assert tries.lost(CRASH, batch="saved") == "saved"
    assert tries.lost(CRASH, batch="saved") is None


def test_a_batch_is_taken_apart_before_one_of_it_fails():
    tries = Tries()
    assert tries.lost(CRASH, alone=False, batch="saved") == "saved"
    assert tries.lost(CRASH, alone=False, batch="saved") == ""
    assert tries.lost(CRASH) is None


def test_who_gets_further_each_time_is_tried_again():
    tries = Tries()
    for _ in range(100):
        assert tries.lost(CRASH, batch="saved", got_further=True) == "saved"
    assert tries.lost(CRASH, batch="saved") is None


def test_kills_from_outside_are_not_the_jobs_doing():
    tries = Tries()
    assert tries.lost(CRASH) == ""
    for _ in range(MOST_KILLS):
        assert tries.lost(KILL, batch="saved") == "saved"
    assert tries.lost(KILL, batch="saved", got_further=True) == "saved"
    for _ in range(MOST_KILLS - 1):
        assert tries.lost(KILL, batch="saved") == "saved"
    assert tries.lost(KILL, batch="saved") is None
    assert str(MOST_KILLS) in why_no_more(KILL) and why_no_more(KILL).endswith(".")


@pytest.mark.parametrize(
    ("before", "after", "from_outside"), [(3, 3, True), (3, 4, False), (None, None, False)]
)
def test_a_kill_for_want_of_memory_may_be_the_jobs_doing(before, after, from_outside):
    lost = worker_process._killed(before, after)
    assert lost.from_outside == from_outside
    assert ("memory" in str(lost)) == (not from_outside)


def test_the_kernels_count_is_read(tmp_path, monkeypatch):
    counters = tmp_path / "vmstat"
    monkeypatch.setattr("bridge.jobs.rendering.memory_kills._COUNTERS", counters)
    assert memory_kills() is None
    counters.write_text("nr_free_pages 5\noom_kill 3\noom_kill_other 8\n")
    assert memory_kills() == 3
    counters.write_text("nr_free_pages 5\n")
    assert memory_kills() is None


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
@pytest.mark.parametrize(("number", "state"), [("SIGKILL", "done"), ("SIGSEGV", "failed")])
def test_a_worker_that_is_ended_four_times(settings, music, in_workers, monkeypatch, number, state):
    """Always before anything could be saved; what ends it tells whose doing it is."""
    monkeypatch.setattr(worker_process, "memory_kills", lambda: 0)
    music()
    in_workers(f"""
        import os, pathlib, signal
        import umtn_core.translator as t
        here = pathlib.Path({str(settings.data_folder)!r})
        begin = t.Translator.begin
        def ended(self, sources, **options):
            for i in range(4):
                if not (here / str(i)).exists():
                    (here / str(i)).touch()
                    os.kill(os.getpid(), signal.{number})
            return begin(self, sources, **options)
        t.Translator.begin = ended
    """)

    async def work():
        async with running(settings) as jobs:
            await jobs.service.submit(RenderRequest(id="a", input="in.wav", target="trumpet"))
            return (await jobs.ended("a"))[0]

    job = asyncio.run(work())
    assert job.state == state, job
    assert (number in job.message) == (state == "failed")
