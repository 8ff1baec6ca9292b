"""A job is done from the moment that its result has its name, whatever is lost or asked for then.

Each test brings about one order of what happens: the worker, the bridge, the client, the user.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.jobs import RenderRequest
from bridge.jobs.record import Record
from bridge.jobs.rendering.saved_batch import WorkFolder
from bridge.jobs.storage.store import JobStore
from tests.bridge.jobs.conftest import RATE, heard, running, tone
from umtn_core.translator import Translator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")

SECONDS = 0.3


def request(id="a", **options):
    return RenderRequest(
        id=id, input="in.wav", target="trumpet", segments=1, output=f"{id}.wav", **options
    )


@pytest.fixture(scope="module")
def undisturbed():
    return Translator("default", "trumpet", segments=1)(tone(SECONDS), RATE)


@pytest.fixture
def after_naming(settings, music, in_workers):
    """Have workers do something when a result has got its name, and nobody has heard of it."""
    music(seconds=SECONDS)

    def hook(then, before=""):
        in_workers(f"""
            import os, pathlib, signal, time
            import bridge.jobs.worker.batch_run as b
            here = pathlib.Path({str(settings.data_folder)!r})
            def once(name):
                try:
                    (here / name).touch(exist_ok=False)
                except FileExistsError:
                    return False
                return True
            publish = b.publish
            def published(folders, id, output, *others, **more):
                {before or "pass"}
                made = publish(folders, id, output, *others, **more)
                {then}
                return made
            b.publish = published
        """)

    return hook


def rendered(settings, *requests):
    """Render, and say what became of the jobs."""

    async def work():
        async with running(settings) as jobs:
            for each in requests:
                await jobs.service.submit(each)
            return await jobs.ended(*(each.id for each in requests))

    return asyncio.run(work())


def cancelled_in_the_midst(settings, mark, seconds):
    """Cancel a job whose worker waits at a mark until ``go``, and return what became of it."""

    async def work():
        async with running(settings) as jobs:
            await jobs.service.submit(request())
            while not (settings.data_folder / mark).exists():
                await asyncio.sleep(0.01)
            cancelling = asyncio.create_task(jobs.service.cancel("a"))
            await asyncio.sleep(seconds)
            (settings.data_folder / "go").touch()
            return await cancelling

    return asyncio.run(work())


def files(settings):
    return {path.name for path in settings.session_folder.iterdir()} - {"in.wav"}


def assert_nothing_is_kept(settings):
    assert not [p for p in (settings.data_folder / "work").rglob("*") if p.is_file()]


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_worker_that_is_lost_every_time_has_done_its_job(
    settings, after_naming, end, undisturbed
):
    after_naming(end)
    (job,) = rendered(settings, request())
    assert job.state == "done", job
    np.testing.assert_array_equal(heard(job.output), undisturbed)
    assert files(settings) == {"a.wav"}
    assert_nothing_is_kept(settings)


def test_the_second_loss_may_be_behind_the_name(settings, after_naming, undisturbed):
    """Once before it, so that the job has no try left, and then behind it."""
    after_naming("os.abort()", before="once('first') and os.abort()")
    (job,) = rendered(settings, request())
    assert job.state == "done", job
    np.testing.assert_array_equal(heard(job.output), undisturbed)


def test_one_of_a_batch_has_its_name_and_the_other_not(settings, after_naming, undisturbed):
    after_naming("once('lost') and os.abort()")

    async def work():
        async with running(settings) as jobs:
            # While the worker begins, so that both go together.
            await asyncio.gather(*(jobs.service.submit(request(id)) for id in "abc"))
            return await jobs.ended(*"abc")

    jobs = asyncio.run(work())
    assert [job.state for job in jobs] == ["done"] * 3, jobs
    for job in jobs:
        np.testing.assert_array_equal(heard(job.output), undisturbed)
    assert files(settings) == {"a.wav", "b.wav", "c.wav"}
    assert_nothing_is_kept(settings)


def test_a_named_result_beside_a_saved_state(settings, after_naming, undisturbed):
    """What was saved of the batch is gone on with for those of it that have no result."""
    after_naming("once('lost') and os.abort()")
    with_hook = settings.data_folder / "hook" / "sitecustomize.py"
    saving = "    b._SHARE_FOR_SAVING = 1.0\n"
    with_hook.write_text(with_hook.read_text() + saving)
    jobs = rendered(replace(settings, save_every=0.01), request("a"), request("b"))
    assert [job.state for job in jobs] == ["done"] * 2, jobs
    for job in jobs:
        np.testing.assert_array_equal(heard(job.output), undisturbed)
    assert_nothing_is_kept(settings)


def test_who_moves_a_result_away_at_once_has_it(settings, after_naming, undisturbed):
    """With the worker lost behind it, it is not made once more."""
    taken = settings.session_folder.parent / "taken.wav"
    after_naming(f"once('moved') and (os.rename(output, {str(taken)!r}), os.abort())")
    (job,) = rendered(settings, request())
    assert job.state == "done", job
    np.testing.assert_array_equal(heard(taken), undisturbed)
    assert not files(settings)
    assert_nothing_is_kept(settings)


@pytest.mark.parametrize(
    "act",
    [
        "open(output, 'ab').write(b'LIST and more')",
        "os.rename(output, f'{output}.moved'), os.symlink(f'{output}.moved', output)",
        "os.unlink(output), open(output, 'wb').write(b'of another')",
    ],
)
def test_who_does_something_to_a_result_at_once_has_it(settings, after_naming, act):
    after_naming(f"once('acted') and ({act}, os.abort())")
    (job,) = rendered(settings, request())
    assert job.state == "done", job
    assert_nothing_is_kept(settings)


def test_a_result_that_is_moved_while_it_is_cancelled_is_done(settings, after_naming):
    after_naming(
        "os.rename(output, f'{output}.moved'), once('moved'),"
        " [time.sleep(0.01) for _ in range(3000) if not (here / 'go').exists()], os.abort()"
    )

    assert cancelled_in_the_midst(settings, "moved", 0.05).state == "done"
    assert files(settings) == {"a.wav.moved"}
    assert_nothing_is_kept(settings)


def test_a_kill_while_the_name_is_noted_leaves_nothing(settings, music, in_workers):
    music(seconds=SECONDS)
    in_workers("""
        import os
        import bridge.jobs.disk as disk
        replace = os.replace
        def killed(old, new, **more):
            if b'"named":true' in open(old, "rb").read():
                os.abort()
            replace(old, new, **more)
        disk.os.replace = killed
    """)
    (job,) = rendered(settings, request())
    assert job.state == "done", job
    assert_nothing_is_kept(settings)


def test_a_cancelled_job_whose_worker_hangs_behind_the_name_is_done(
    settings, after_naming, monkeypatch, undisturbed
):
    monkeypatch.setattr("bridge.jobs.rendering.worker_process.PATIENCE_SECONDS", 0.5)
    after_naming("os.kill(os.getpid(), signal.SIGSTOP)")

    async def work():
        async with running(settings) as jobs:
            await jobs.service.submit(request())
            while not (settings.session_folder / "a.wav").exists():
                await asyncio.sleep(0.01)
            return await jobs.service.cancel("a")

    job = asyncio.run(work())
    assert job.state == "done", job
    np.testing.assert_array_equal(heard(job.output), undisturbed)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_cancel_in_the_same_instant(settings, music, in_workers, sealed, lost, undisturbed):
    """Just before it is decided that the result gets its name, and just after."""
    music(seconds=SECONDS)
    in_workers(f"""
        import os, pathlib, time
        import bridge.jobs.rendering.publish as p
        import bridge.jobs.worker.control as c
        here = pathlib.Path({str(settings.data_folder)!r})
        def wait():
            (here / "there").touch()
            while not (here / "go").exists():
                time.sleep(0.01)
        def waiting(f):
            def call(*arguments):
                wait()
                made = f(*arguments)
                return made
            return call
        if {sealed}:
            p.write_whole = waiting(p.write_whole)
        else:
            c.Control.seal = waiting(c.Control.seal)
        if {lost}:
            import bridge.jobs.worker.batch_run as b
            publish = b.publish
            b.publish = lambda *a, **o: (publish(*a, **o), os.abort())
    """)

    job = cancelled_in_the_midst(settings, "there", 0.3)
    assert job.state == ("done" if sealed else "cancelled"), job
    assert files(settings) == ({"a.wav"} if sealed else set())
    assert_nothing_is_kept(settings)


def as_after_a_kill(settings, music, **changes):
    """A stored job whose result has its name, as a bridge leaves it that was killed just then."""
    source = music(seconds=SECONDS)
    output = settings.session_folder / "a.wav"
    output.write_bytes(source.read_bytes())
    status, contents = source.stat(), output.read_bytes()
    asked = request()
    real = msgspec.structs.replace(asked, input=str(source), output=str(output), **changes)
    sizes = {"input_size": status.st_size, "input_mtime_ns": status.st_mtime_ns}
    record = Record(asked, real, "running", created=2.0, updated=2.0, **sizes)
    settings.data_folder.mkdir(exist_ok=True)
    work = WorkFolder(settings.data_folder / "work")
    work.make()
    digest = hashlib.sha256(contents).hexdigest()
    announced = {"output": str(output), "size": len(contents), "sha256": digest}
    work.result("a").write_bytes(msgspec.json.encode(announced))

    async def write():
        store = JobStore(settings.data_folder)
        await store.write(record)
        await store.close()

    asyncio.run(write())
    return output


@pytest.mark.parametrize("waits", [False, True])
def test_a_cancel_behind_a_kill_of_the_bridge(settings, music, waits):
    """The job may be the next worker's by then, or may wait for one that there is not."""
    output = as_after_a_kill(settings, music, engine="cuda" if waits else "auto")

    async def work():
        async with running(settings) as jobs:
            if waits:
                # Taken from a slot that has no worker yet.
                jobs.service._scheduler._stopping = True
            return await jobs.service.cancel("a")

    if waits:
        import bridge.jobs.rendering.scheduler as scheduler

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scheduler.Scheduler, "fill", lambda self: None)
            job = asyncio.run(work())
    else:
        job = asyncio.run(work())
    assert job.state == "done", job
    assert output.exists()
    assert_nothing_is_kept(settings)


def test_an_input_that_is_gone_behind_a_kill_of_the_bridge(settings, music):
    output = as_after_a_kill(settings, music)
    (settings.session_folder / "in.wav").unlink()

    async def work():
        async with running(settings) as jobs:
            return (await jobs.ended("a"))[0]

    assert asyncio.run(work()).state == "done"
    assert output.exists()


class Full:
    """A database on a disk that takes nothing of jobs that have ended."""

    def __init__(self, database):
        self._database = database

    def write(self, kept, forgotten=()):
        kept = list(kept)
        if any(record.finished for record in kept):
            raise sqlite3.OperationalError("database or disk is full")
        self._database.write(kept, forgotten)

    def __getattr__(self, name):
        return getattr(self._database, name)


def test_a_disk_that_is_full_when_a_job_ends(settings, music):
    """The next bridge finds the result, though nobody could write down that there is one."""
    music(seconds=SECONDS)

    async def first():
        async with running(settings) as jobs:
            store = jobs.service._ledger._store
            store._database = Full(store._database)
            await jobs.service.submit(request())
            return (await jobs.ended("a"))[0]

    async def second():
        async with running(settings) as jobs:
            assert jobs.service.get("a").state != "done"
            return (await jobs.ended("a"))[0]

    job = asyncio.run(first())
    before = os.stat(job.output)
    assert job.state == asyncio.run(second()).state == "done"
    assert os.stat(job.output).st_ino == before.st_ino
    assert_nothing_is_kept(settings)


def test_a_cancel_that_the_disk_has_not_taken_is_written_when_the_bridge_ends(settings, music):
    music(seconds=SECONDS)

    async def first():
        async with running(settings) as jobs:
            jobs.service._scheduler._stopping = True  # so that the job waits
            store = jobs.service._ledger._store
            whole, store._database = store._database, Full(store._database)
            await jobs.service.submit(request())
            assert (await jobs.service.cancel("a")).state == "cancelled"
            store._database = whole

    async def second():
        async with running(settings) as jobs:
            return jobs.service.get("a")

    asyncio.run(first())
    assert asyncio.run(second()).state == "cancelled"
    assert not files(settings)


def test_the_announcement_of_a_forgotten_job_is_not_its_successors(settings, music):
    """Whoever puts an old result back under the name of a new job's has not rendered that."""
    music(seconds=SECONDS)
    (job,) = rendered(settings, request())
    announced = WorkFolder(settings.data_folder / "work").result("a")

    async def work():
        async with running(settings) as jobs:
            announced.write_bytes(b"of the job that there was")
            jobs.service._settings = replace(settings, keep_bytes=0)
            await jobs.service.prune()

    asyncio.run(work())
    assert not Path(job.output).exists() and not announced.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_worker_leaves_its_end_to_the_bridge(settings, music, number, undisturbed):
    """What ends all of a service or session, say, ends no worker before its work is saved."""
    music(seconds=SECONDS)

    async def work():
        async with running(settings) as jobs:
            await jobs.service.submit(request())
            await jobs.reaches("a", "running")
            worker = jobs.worker
            os.kill(worker, number)
            (job,) = await jobs.ended("a")
            return job, worker, jobs.worker

    job, before, after = asyncio.run(work())
    assert job.state == "done" and before == after
    np.testing.assert_array_equal(heard(job.output), undisturbed)
