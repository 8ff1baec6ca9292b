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

    def __init__(self, folder, newest=NOW, leap=10 * DAY):
        self.path = folder / "clock.json"
        self.wall, self.ran = NOW, 0.0
        self.newest, self.leap = newest, leap
        self.start()

    def start(self):
        self.clock = Clock(
            self.path, self.newest, self.leap, wall=lambda: self.wall, running=lambda: self.ran
        )
        return self.clock.now()

    def run(self, seconds, leap=0.0):
        """Let time pass, and look at the clock now and then."""
        self.wall += leap
        for _ in range(round(seconds / 3600)):
            self.wall += 3600
            self.ran += 3600
            found = self.clock.now()
        return found

    def off(self, seconds, leap=0.0):
        """Let time pass without a bridge."""
        self.wall += seconds + leap
        return self.start()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_time_that_goes_on_is_believed(machine):
    assert machine.start() == machine.wall
    assert machine.run(3 * DAY) == machine.wall
    assert machine.off(9 * DAY) == machine.wall
    assert machine.run(DAY) == machine.wall


def test_2099_until_a_time_server_answers(machine, caplog):
    assert machine.off(HOUR, leap=YEARS) is None
    assert machine.run(2 * HOUR) is None
    assert len(caplog.records) == 1 and "2099" in caplog.text
    assert machine.run(HOUR, leap=-YEARS) == machine.wall


def test_2099_while_it_runs_and_over_restarts(machine):
    assert machine.run(HOUR, leap=YEARS) is None
    for _ in range(5):
        assert machine.off(HOUR) is None
        assert machine.run(HOUR) is None
    assert machine.off(HOUR, leap=-YEARS) == machine.wall


def test_another_time_is_believed_when_it_has_lasted_a_day(machine):
    assert machine.off(60 * DAY) is None, "nobody can tell that from a wrong clock"
    assert machine.run(PROOF_SECONDS / 2) is None
    machine.off(12 * HOUR)
    assert machine.run(PROOF_SECONDS / 2) == machine.wall
    assert machine.off(HOUR) == machine.wall


def test_a_clock_that_is_set_back_deletes_nothing_either(machine):
    assert machine.run(HOUR, leap=-HOUR) == machine.wall, "as in autumn"
    assert machine.run(HOUR, leap=-3 * DAY) is None
    assert machine.run(HOUR, leap=3 * DAY) == machine.wall


def test_what_lies_there_is_no_time(machine):
    machine.path.write_text("rubbish")
    machine.wall += YEARS
    assert machine.start() is None, "the newest job is to go by"
    machine.newest = None
    machine.path.unlink()
    assert machine.start() == machine.wall


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
