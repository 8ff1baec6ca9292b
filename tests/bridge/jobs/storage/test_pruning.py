"""Old jobs and results go within the user's limits; what is not the bridge's stays."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from functools import partial

import pytest

from bridge.jobs import JobSettings, RenderRequest, RequestError
from bridge.jobs.record import Record
from bridge.jobs.storage.clock import Clock
from bridge.jobs.storage.pruning import prune_results
from tests.bridge.jobs.conftest import running

DAY = 24 * 3600.0
YEAR = 365 * DAY


@pytest.fixture
def folders(tmp_path):
    for name in ("session", "music"):
        (tmp_path / name).mkdir()
    return JobSettings(tmp_path / "data", tmp_path / "session", (tmp_path / "music",))


def ages(now):
    """How old what ended at a time is by now."""
    return lambda ended: now - ended


def done(path, ended=0.0, updated=0.0, size=1000, state="done"):
    """A finished job and its result."""
    path.write_bytes(bytes(size))
    status = path.stat()
    request = RenderRequest(id=path.name, input="in.wav", target="t", output=str(path))
    return Record(
        request, request, state, updated=updated, ended=ended, output_size=size,
        output_mtime_ns=status.st_mtime_ns,
    )  # fmt: skip


def test_nothing_goes_unless_the_user_says_so(folders):
    records = [done(folders.session_folder / f"{i}.wav") for i in range(3)]
    assert prune_results(records, folders, ages(1e12)).forgotten == []
    assert len(list(folders.session_folder.iterdir())) == 3


def test_by_age(folders, tmp_path):
    session = folders.session_folder
    old, new = done(session / "old.wav", 0.0), done(session / "new.wav", 9 * DAY)
    elsewhere = done(tmp_path / "music" / "theirs.wav", 0.0)
    edited = done(session / "edited.wav", 0.0)
    (session / "edited.wav").write_bytes(b"with work of the user's own in it")
    waiting = done(session / "waiting.wav", 0.0, state="queued")
    failed = done(session / "not ours.wav", 0.0, state="failed")
    (session / "in.wav").write_bytes(b"an input")
    records = [old, new, elsewhere, edited, waiting, failed]
    gone = prune_results(records, replace(folders, keep_days=5.0), ages(10 * DAY)).forgotten
    assert set(gone) == {"old.wav", "theirs.wav", "edited.wav", "not ours.wav"}
    left = {path.name for path in session.iterdir()}
    assert left == {"new.wav", "edited.wav", "waiting.wav", "not ours.wav", "in.wav"}
    assert (tmp_path / "music" / "theirs.wav").exists()


def test_by_size_the_oldest_first(folders):
    session = folders.session_folder
    records = [done(session / f"{i}.wav", float(i)) for i in (3, 1, 2, 4)]
    assert prune_results(records, replace(folders, keep_bytes=2500), ages(10.0)).forgotten == [
        "1.wav",
        "2.wav",
    ]
    assert {path.name for path in session.iterdir()} == {"3.wav", "4.wav"}
    assert prune_results(records, replace(folders, keep_bytes=2500), ages(10.0)).forgotten == []


def test_what_the_machine_says_of_the_time_counts_for_nothing(folders):
    """Neither which came first nor how old they are: a clock may be wrong, and set back."""
    session = folders.session_folder
    stamps = (4e9, 0.0, 1.8e9)
    records = [done(session / f"{i}.wav", float(i), updated=t) for i, t in enumerate(stamps)]
    assert prune_results(records, replace(folders, keep_days=1.0), ages(DAY)).forgotten == []
    assert prune_results(records, replace(folders, keep_bytes=2000), ages(DAY)).forgotten == [
        "0.wav"
    ]


def test_jobs_of_an_earlier_version_are_the_oldest(folders):
    session = folders.session_folder
    stamps = ((5.0, 0.0), (0.0, 3.0), (0.0, 2.0))
    records = [done(session / f"{i}.wav", *stamp) for i, stamp in enumerate(stamps)]
    assert prune_results(records, replace(folders, keep_bytes=1000), ages(9.0)).forgotten == [
        "2.wav", "1.wav",
    ]  # fmt: skip


@pytest.mark.parametrize("before, after", [(0.0, -3600.0), (0.0, -56 * YEAR), (73 * YEAR, 0.0)])
def test_the_newest_results_stay_whatever_the_clock_says(
    settings, music, monkeypatch, before, after
):
    """It was right, and is set back by an hour or to 1970; or it was of 2099, and is right."""
    music()

    async def work():
        made = []
        for ids, wrong in [("ab", before), ("cd", after)]:
            monkeypatch.setattr(time, "time", wall := lambda wrong=wrong: real() + wrong)
            monkeypatch.setattr("bridge.jobs.service.Clock", partial(Clock, wall=wall))
            async with running(limited()) as jobs:
                for id in ids:
                    asked = RenderRequest(id=id, input="in.wav", target="trumpet")
                    await jobs.service.submit(asked)
                    (job,) = await jobs.ended(id)
                    made.append(job.output)
                    jobs.service._settings = limited(os.path.getsize(job.output))
                    await jobs.service.prune()
        return made

    def limited(size=1 << 20):
        return replace(settings, keep_bytes=2 * size + 10, keep_days=1.0)

    real = time.time
    made = asyncio.run(work())
    assert [os.path.exists(path) for path in made] == [False, False, True, True]


def test_a_result_that_cannot_be_deleted_is_not_forgotten(folders, monkeypatch):
    record = done(folders.session_folder / "a.wav")

    def busy(path):
        raise PermissionError

    monkeypatch.setattr(os, "unlink", busy)
    for limits in ({"keep_days": 1.0}, {"keep_bytes": 0}):
        pruned = prune_results([record], replace(folders, **limits), ages(10 * DAY))
        assert (pruned.forgotten, pruned.deleted) == ([], 0)


def test_by_number_only_the_memory_of_them_goes(folders):
    session = folders.session_folder
    records = [done(session / f"{i}.wav", float(i)) for i in range(4)]
    assert prune_results(records, replace(folders, most_remembered=3), ages(10.0)).forgotten == [
        "0.wav"
    ]
    assert len(list(session.iterdir())) == 4


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_result_that_was_replaced_by_a_link_stays(folders, tmp_path):
    record = done(folders.session_folder / "a.wav")
    target = tmp_path / "music" / "theirs.wav"
    os.rename(folders.session_folder / "a.wav", target)
    (folders.session_folder / "a.wav").symlink_to(target)
    prune_results([record], replace(folders, keep_days=1.0), ages(10 * DAY))
    assert target.exists() and (folders.session_folder / "a.wav").is_symlink()


def test_a_forgotten_job_may_be_asked_for_anew(settings, music):
    music()

    async def work():
        async with running(settings) as jobs:
            request = RenderRequest(id="a", input="in.wav", target="trumpet")
            await jobs.service.submit(request)
            (first,) = await jobs.ended("a")
            jobs.service._settings = replace(settings, keep_bytes=0)
            await jobs.service.prune()
            assert not os.path.exists(first.output)
            with pytest.raises(RequestError):
                jobs.service.get("a")
            assert (await jobs.service.submit(request)).state == "queued"
            (again,) = await jobs.ended("a")
            assert again.state == "done" and os.path.exists(again.output)

    asyncio.run(work())
