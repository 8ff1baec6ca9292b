"""How jobs are listed."""

from __future__ import annotations

import sys

import pytest

from bridge.cli.send_saying import how_it_is, print_jobs
from bridge.client import JobStatus

JOBS = [
    JobStatus("a", "done", 1.0, None, "/s/a.wav"),
    JobStatus("a longer one", "running", 0.25, 12.0),
    JobStatus("b", "failed", 0.0, None, "", "audio", "It is no music."),
    JobStatus("c", "queued"),
]


def test_a_job_is_told_of_in_a_line() -> None:
    assert [how_it_is(job) for job in JOBS] == [
        "done, /s/a.wav", "running, 25 %, 12 s left", "failed, It is no music.", "queued",
    ]  # fmt: skip


def test_on_a_terminal_states_stand_below_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    print_jobs(JOBS, False)
    assert capsys.readouterr().out.splitlines()[0] == "a: done, /s/a.wav"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_jobs([*JOBS, JobStatus("x" * 100, "queued")], False)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:41].rstrip() for line in lines[:-1]] == [f"{job.id}:" for job in JOBS]
    assert [line[42:] for line in lines[:-1]] == [how_it_is(job) for job in JOBS]
    assert lines[-1] == f"{'x' * 100}: queued"
    print_jobs([], False)
    assert capsys.readouterr().err == "the bridge has no jobs\n"
