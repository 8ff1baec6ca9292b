"""The time is believed where it goes on as it went, and a leap only after a day."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bridge.jobs import RenderRequest
from bridge.jobs.storage.clock import PROOF_SECONDS, Clock
from tests.bridge.jobs.conftest import running

HOUR = 3600.0
DAY = 24 * HOUR
YEARS = 73 * 365 * DAY
NOW = 1.8e9


class Machine:
    """A machine with a clock that can be set, and a bridge on it now and then."""

    def __init__(self, folder, wall=NOW, leap=10 * DAY):
        self.path = folder / "clock.json"
        self.wall, self.ran, self.leap = wall, 0.0, leap
        self.newest = 0.0
        self.start()

    def start(self):
        self.clock = Clock(
            self.path, self.newest, self.leap, wall=lambda: self.wall, running=lambda: self.ran
        )
        self.clock.remember()

    def run(self, seconds, leap=0.0):
        """Let time pass, and look at the clock now and then."""
        self.wall += leap
        for _ in range(round(seconds / 600)):
            self.wall += 600
            self.ran += 600
            self.clock.remember()

    def off(self, seconds, leap=0.0):
        """Let time pass without a bridge."""
        self.wall += seconds + leap
        self.start()

    def settle(self):
        """End a job now, and return when that was."""
        self.wall += 1
        self.ran += 1
        self.newest = self.clock.now()
        return self.newest

    def age(self, then):
        """Return days."""
        return self.clock.age(then) / DAY


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_time_that_goes_on_is_believed(machine):
    job = machine.settle()
    machine.run(3 * DAY)
    machine.off(9 * DAY)
    machine.run(DAY)
    assert machine.age(job) == pytest.approx(13)


def test_2099_until_a_time_server_answers(machine, caplog):
    before = machine.settle()
    machine.off(HOUR, leap=YEARS)
    during = machine.settle()
    machine.run(2 * HOUR)
    assert len(caplog.records) == 1 and "2099" in caplog.text
    assert machine.age(during) < machine.age(before) < 0.1
    machine.run(HOUR, leap=-YEARS)
    assert machine.age(before) == pytest.approx(4 / 24, abs=0.01)
    assert machine.age(during) == pytest.approx(4 / 24, abs=0.01), "an hour too old at most"


def test_2099_while_it_runs_and_over_restarts(machine):
    job = machine.settle()
    machine.run(HOUR, leap=YEARS)
    for _ in range(5):
        machine.off(HOUR)
        machine.run(HOUR)
    assert machine.age(job) == pytest.approx(6 / 24, abs=0.01)
    machine.off(HOUR, leap=-YEARS)
    assert machine.age(job) == pytest.approx(12 / 24, abs=0.01)


def test_another_time_is_believed_when_it_has_lasted_a_day(machine):
    before = machine.settle()
    machine.off(60 * DAY)
    during = machine.settle()
    assert machine.age(before) < 0.1, "nobody can tell that from a wrong clock"
    machine.run(PROOF_SECONDS / 2)
    machine.off(12 * HOUR)
    machine.run(PROOF_SECONDS / 2 - HOUR)
    assert machine.age(before) < 2
    machine.run(2 * HOUR)
    assert machine.age(before) == pytest.approx(61.5, abs=0.1)
    assert machine.age(during) == pytest.approx(1, abs=0.1), "it ended after the gap"
    machine.off(HOUR)
    assert machine.age(before) == pytest.approx(61.6, abs=0.1)


def test_a_leap_while_it_runs_makes_no_job_older_that_ended_after_it(machine):
    machine.run(HOUR)
    machine.wall += 60 * DAY
    job = machine.settle()
    machine.run(2 * DAY)
    assert machine.age(job) == pytest.approx(2, abs=0.1)


def test_a_machine_that_slept_makes_no_job_older_that_ended_after_it(machine):
    before = machine.settle()
    machine.wall += 9 * DAY
    after = machine.settle()
    machine.run(HOUR)
    assert machine.age(before) == pytest.approx(9, abs=0.1)
    assert machine.age(after) < 0.1


def test_a_clock_that_is_set_back_is_neither_older_nor_younger(machine):
    job = machine.settle()
    for _ in range(50):
        machine.run(HOUR, leap=-HOUR)
        machine.run(HOUR, leap=HOUR)
    assert machine.age(job) == pytest.approx(100 / 24, abs=0.1)
    machine.run(HOUR, leap=-3 * DAY)
    during = machine.settle()
    machine.run(HOUR, leap=3 * DAY)
    assert machine.age(job) == pytest.approx(102 / 24, abs=0.1)
    assert machine.age(during) < 0.1


@pytest.mark.parametrize("wrong", [0.0, NOW + YEARS])
def test_a_first_start_with_a_wrong_clock(tmp_path, wrong):
    """In 1970 or 2099; all is as old as the bridge can know, when it is right and stays so."""
    machine = Machine(tmp_path, wrong)
    job = machine.settle()
    assert machine.age(job) == 0
    machine.off(0.0, leap=NOW - machine.wall)
    machine.run(2 * DAY)
    assert machine.age(job) == pytest.approx(2, abs=0.1)
    machine.off(5 * DAY)
    assert machine.age(job) == pytest.approx(7, abs=0.1)


def test_who_ends_later_has_the_later_time_even_after_a_kill(machine):
    times = [machine.settle()]
    for leap in (0.0, -HOUR, -YEARS, 2 * YEARS, -YEARS):
        machine.wall += leap
        times += [machine.settle(), machine.settle()]
        machine.wall += DAY  # asleep
        times.append(machine.settle())
        machine.start()  # and nothing written down since the last look
        times.append(machine.settle())
    assert times == sorted(times) and len(set(times)) == len(times)


def test_what_a_killed_bridge_saw_passes_once(machine):
    before = machine.settle()
    machine.wall += 6 * DAY
    newest = machine.settle()
    machine.start()
    assert machine.age(before) == pytest.approx(6, abs=0.1)
    assert machine.age(newest) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("text", [None, "rubbish", '{"believed":1.0,"since":0.0}x'])
def test_what_lies_there_is_no_time(machine, text):
    newest = machine.settle()
    machine.path.unlink()
    if text is not None:
        machine.path.write_text(text)
    machine.wall += YEARS
    machine.start()
    assert machine.age(newest) == 0, "the newest job is to go by"
    machine.run(DAY)
    assert machine.age(newest) == pytest.approx(1)


def test_jobs_outlive_2099(settings, music, monkeypatch, caplog):
    """The whole service, started with a clock that is wrong, and then with one that is right."""
    music()
    settings = replace(settings, keep_days=30.0)
    caplog.set_level(logging.INFO)

    async def first():
        async with running(settings) as jobs:
            await jobs.service.submit(RenderRequest(id="a", input="in.wav", target="trumpet"))
            (job,) = await jobs.ended("a")
            return job

    async def later(wrong):
        patch.setattr("bridge.jobs.service.Clock", partial(Clock, wall=lambda: time.time() + wrong))
        async with running(settings) as jobs:
            await jobs.service.prune()
            return [job.id for job in jobs.service.jobs()]

    job = asyncio.run(first())
    with monkeypatch.context() as patch:
        assert asyncio.run(later(YEARS)) == ["a"]
        assert "the clock says" in caplog.text
        # Two weeks at a time, as nobody is surprised by.
        for weeks in (0, 2, 4):
            assert asyncio.run(later(weeks * 7 * DAY)) == ["a"]
        assert "were forgotten" not in caplog.text
        assert asyncio.run(later(6 * 7 * DAY)) == []
    assert "1 jobs were forgotten for their age" in caplog.text
    assert not Path(job.output).exists()


def test_a_job_of_1970_is_as_old_as_it_is(settings, music, monkeypatch):
    """The clock falls back for a while, and is right again when the bridge is started anew."""
    music()
    settings = replace(settings, keep_days=1.0)

    async def rendered(id, wrong):
        monkeypatch.setattr(time, "time", wall := lambda: real() + wrong)
        monkeypatch.setattr("bridge.jobs.service.Clock", partial(Clock, wall=wall))
        async with running(settings) as jobs:
            if id:
                await jobs.service.submit(RenderRequest(id=id, input="in.wav", target="trumpet"))
                await jobs.ended(id)
            await jobs.service.prune()
            return [job.id for job in jobs.service.jobs()]

    real = time.time
    assert asyncio.run(rendered("a", 0.0)) == ["a"]
    assert set(asyncio.run(rendered("b", -real()))) == {"a", "b"}
    assert set(asyncio.run(rendered("", 0.0))) == {"a", "b"}
    assert asyncio.run(rendered("", 0.4 * DAY)) and asyncio.run(rendered("", 0.8 * DAY))
    assert asyncio.run(rendered("", 1.2 * DAY)) == []
