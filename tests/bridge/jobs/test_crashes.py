"""Workers that are killed, bridges that are stopped, disks that are full."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bridge.jobs import RenderRequest, RequestError
from bridge.jobs.rendering.renderer import LostError
from bridge.jobs.rendering.saved_batch import WorkFolder
from bridge.protocol import FINAL
from tests.bridge.jobs.conftest import RATE, heard, running, tone
from umtn_core.translator import Translator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")

SECONDS = 6.0


def request(id="a", **options):
    return RenderRequest(id=id, input="in.wav", target="trumpet", segments=1, **options)


@pytest.fixture(scope="module")
def undisturbed():
    return Translator("default", "trumpet", segments=1)(tone(SECONDS), RATE)


#: Jobs whose audio and codes are part of the saved state, or so long that they lie in files.
WHEREVER_IT_LIES = pytest.mark.parametrize("saving", [1 << 24, 1 << 10], indirect=True)


@pytest.fixture
def saving(settings, music, in_workers, request):
    """Settings with which a state is saved about all the time, by workers that take their time."""
    music(seconds=SECONDS)
    in_workers(f"""
        import time
        import umtn_core.rows
        umtn_core.rows.LARGEST_IN_MEMORY = {getattr(request, "param", 1 << 24)}
        import bridge.jobs.worker.batch_run
        from umtn_core.translation import Translation
        bridge.jobs.worker.batch_run._SHARE_FOR_SAVING = 1.0
        advance = Translation.advance
        def slow(self, seconds, **options):
            time.sleep(0.2)
            advance(self, seconds, **options)
        Translation.advance = slow
    """)
    return replace(settings, save_every=0.02)


def parts(folder):
    return [path for path in folder.rglob("*") if path.name.endswith((".part", ".new"))]


async def goes_on_at(jobs, already):
    """Wait until the job is decoded again, and say from which fraction on."""
    for _ in range(10_000):
        for job in jobs.told[already:]:
            assert job.state not in FINAL, job
            if job.state == "running" and job.fraction > 0:
                return job.fraction
        await asyncio.sleep(0.01)
    raise AssertionError(jobs.told[already:])


@WHEREVER_IT_LIES
def test_a_killed_worker_is_replaced_and_goes_on_from_the_saved_state(saving, undisturbed):
    async def work():
        async with running(saving) as jobs:
            await jobs.service.submit(request())
            await jobs.reaches("a", "running", 0.4)
            killed = jobs.worker
            already = len(jobs.told)
            os.kill(killed, signal.SIGKILL)
            again = await goes_on_at(jobs, already)
            (job,) = await jobs.ended("a")
            return job, again, killed, jobs.worker

    job, again, killed, worker = asyncio.run(work())
    assert job.state == "done", job
    assert again > 0.2, "it went on, and did not begin again"
    assert worker != killed
    np.testing.assert_array_equal(heard(job.output), undisturbed)
    assert not parts(saving.data_folder) and not WorkFolder(saving.data_folder / "work").saved()


@WHEREVER_IT_LIES
def test_a_job_needs_its_input_no_more_once_it_is_saved(saving, undisturbed):
    async def work():
        async with running(saving) as jobs:
            await jobs.service.submit(request())
            await jobs.reaches("a", "running", 0.5)
            (saving.session_folder / "in.wav").unlink()
            os.kill(jobs.worker, signal.SIGKILL)
            return (await jobs.ended("a"))[0]

    job = asyncio.run(work())
    assert job.state == "done", job
    np.testing.assert_array_equal(heard(job.output), undisturbed)


def test_a_job_that_ends_its_worker_fails_and_the_bridge_goes_on(saving):
    """In the midst of it: what was saved takes it there again, but no further."""
    hook = saving.data_folder / "hook" / "sitecustomize.py"
    deadly = """
    def deadly(self, seconds, progress, **options):
        def so_far(now):
            progress(now)
            if now.fraction > 0.4:
                os.abort()
        slow(self, seconds, progress=so_far, **options)
    Translation.advance = deadly
"""
    hook.write_text(hook.read_text().replace("import sys", "import os, sys", 1) + deadly)
    lost = []

    async def work():
        async with running(saving) as jobs:
            render = jobs.service._renderer.render

            async def counted(*arguments):
                try:
                    return await render(*arguments)
                except LostError:
                    lost.append(1)
                    raise

            jobs.service._renderer.render = counted
            await jobs.service.submit(request())
            (job,) = await jobs.ended("a")
            hook.unlink()
            await jobs.service.submit(request("b", length=0.05))
            return job, (await jobs.ended("b"))[0]

    job, after = asyncio.run(work())
    assert (job.state, job.code) == ("failed", "failed")
    assert "SIGABRT" in job.message and job.message.endswith(".")
    assert 2 <= len(lost) <= 5, "saved a little nearer to it now and then"
    assert after.state == "done"
    assert not os.path.exists(job.output) and not parts(saving.session_folder)


def test_others_of_a_batch_survive_the_one_that_ends_the_worker(settings, music, in_workers):
    """A piece of rubbish put in place of the decoder ends the process on one seed."""
    music()
    in_workers("""
        import os
        import umtn_core.translator as t
        begin = t.Translator.begin
        def deadly(self, sources, **options):
            if any(source.seed == 13 for source in sources):
                os.abort()
            return begin(self, sources, **options)
        t.Translator.begin = deadly
    """)

    async def work():
        async with running(settings) as jobs:
            await jobs.service.submit(request("before"))
            for id, seed in [("a", 1), ("deadly", 13), ("b", 2)]:
                await jobs.service.submit(request(id, seed=seed))
            return await jobs.ended("a", "deadly", "b")

    a, deadly, b = asyncio.run(work())
    assert (a.state, deadly.state, b.state) == ("done", "failed", "done")
    assert "SIGABRT" in deadly.message


def test_running_out_of_memory_is_said(settings, music, in_workers):
    music()
    in_workers("""
        import resource
        import umtn_core.translator, numpy as np
        def greedy(self, sources, **options):
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
            np.ones(1 << 30)
        umtn_core.translator.Translator.begin = greedy
    """)

    async def work():
        async with running(settings) as jobs:
            await jobs.service.submit(request())
            return (await jobs.ended("a"))[0]

    job = asyncio.run(work())
    assert (job.state, job.code) == ("failed", "failed")
    assert "memory" in job.message


def test_a_worker_that_hangs_is_killed_when_its_job_is_cancelled(saving, monkeypatch):
    monkeypatch.setattr("bridge.jobs.rendering.worker_process.PATIENCE_SECONDS", 0.5)

    async def work():
        async with running(saving) as jobs:
            await jobs.service.submit(request())
            await goes_on_at(jobs, 0)
            os.kill(jobs.worker, signal.SIGSTOP)
            assert (await jobs.service.cancel("a")).state == "cancelled"
            await jobs.service.submit(request("b", length=0.05))
            return (await jobs.ended("b"))[0]

    assert asyncio.run(work()).state == "done"


@WHEREVER_IT_LIES
def test_a_stopped_bridge_goes_on_from_where_it_was(saving, undisturbed):
    async def first():
        async with running(saving) as jobs:
            await jobs.service.submit(request())
            await jobs.service.submit(request("next", length=0.05))
            await jobs.reaches("a", "running", 0.4)
        return jobs.service.get("a"), jobs.service.get("next")

    async def second():
        async with running(saving) as jobs:
            again = await goes_on_at(jobs, 0)
            return again, *(await jobs.ended("a", "next"))

    assert [job.state for job in asyncio.run(first())] == ["queued", "queued"]
    again, job, following = asyncio.run(second())
    assert again >= 0.4, "it went on, and did not begin again"
    assert (job.state, following.state) == ("done", "done")
    np.testing.assert_array_equal(heard(job.output), undisturbed)


@WHEREVER_IT_LIES
def test_a_damaged_state_is_not_gone_on_with(saving, undisturbed):
    async def first():
        async with running(saving) as jobs:
            await jobs.service.submit(request())
            await jobs.reaches("a", "running", 0.3)

    async def second():
        async with running(saving) as jobs:
            return (await jobs.ended("a"))[0]

    asyncio.run(first())
    (state,) = (saving.data_folder / "work").rglob("state")
    contents = bytearray(state.read_bytes())
    contents[len(contents) // 2] ^= 1
    state.write_bytes(contents)
    job = asyncio.run(second())
    assert job.state == "done"
    np.testing.assert_array_equal(heard(job.output), undisturbed)


def test_a_result_that_nobody_heard_of_is_found_after_a_crash(saving, music):
    """The worker is gone between the result's name and the report of it."""
    from bridge.jobs.record import Record
    from bridge.jobs.storage.store import JobStore

    async def first():
        async with running(saving) as jobs:
            await jobs.service.submit(request(length=0.1, output="out.wav"))
            return (await jobs.ended("a"))[0]

    job = asyncio.run(first())
    record = _record(saving, "a")
    assert isinstance(record, Record) and record.state == "done"
    work = WorkFolder(saving.data_folder / "work")

    def as_after_a_crash(announced):
        store = JobStore(saving.data_folder)
        import msgspec

        lost = msgspec.structs.replace(record, state="running", updated=record.updated + 1)

        async def write():
            await store.write(forgotten=("a",))
            await store.write(lost)
            await store.close()

        asyncio.run(write())
        if announced:
            import hashlib

            contents = (saving.session_folder / "out.wav").read_bytes()
            text = {
                "output": job.output,
                "size": len(contents),
                "sha256": hashlib.sha256(contents).hexdigest(),
            }
            work.result("a").write_bytes(msgspec.json.encode(text))

    async def second():
        async with running(saving) as jobs:
            return (await jobs.ended("a"))[0]

    before = os.stat(job.output)
    as_after_a_crash(announced=True)
    assert asyncio.run(second()).state == "done"
    assert os.stat(job.output).st_ino == before.st_ino
    assert not work.result("a").exists()
    as_after_a_crash(announced=False)
    again = asyncio.run(second())
    assert (again.state, again.code) == ("failed", "exists"), "it may be anybody's"
    assert os.stat(job.output).st_ino == before.st_ino


def _record(settings, id):
    from bridge.jobs.storage.store import JobStore

    store = JobStore(settings.data_folder)
    store._close()
    store._thread.shutdown()
    return next(record for record in store.records if record.id == id)


def test_no_worker_outlives_its_bridge(settings, tmp_path):
    script = (
        "import asyncio, sys, time\n"
        "from pathlib import Path\n"
        "from bridge.jobs import JobService, JobSettings\n"
        "async def main():\n"
        "    service = JobService(JobSettings(Path(sys.argv[1]), Path(sys.argv[2]), cores=1))\n"
        "    await service.start()\n"
        "    print(service._renderer.pids['cpu-0'], flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    folders = [str(settings.data_folder), str(settings.session_folder)]
    bridge = subprocess.Popen([sys.executable, "-c", script, *folders], stdout=subprocess.PIPE)
    with bridge:
        worker = int(bridge.stdout.readline())
        assert _alive(worker)
        bridge.kill()
    for _ in range(1000):
        if not _alive(worker):
            break
        import time

        time.sleep(0.02)
    assert not _alive(worker)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that has ended waits as a zombie for whoever adopted it.
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files of a process")
def test_a_full_disk_fails_the_job_and_leaves_nothing(settings, music, in_workers):
    """The limit on a file's size answers as a full disk does, in the midst of writing."""
    music("long.wav", seconds=4.0, rate=1000)
    music()
    in_workers("""
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    """)

    async def work():
        async with running(settings) as jobs:
            long = RenderRequest(id="long", input="long.wav", target="trumpet", mix=0.0)
            short = RenderRequest(id="short", input="in.wav", target="trumpet")
            await jobs.service.submit(long)
            await jobs.service.submit(short)
            return await jobs.ended("long", "short")

    long, short = asyncio.run(work())
    assert (long.state, long.code) == ("failed", "disk")
    assert "long" in long.message and "/proc/" not in long.message
    assert short.state == "done", "6.4 kB fit"
    names = {path.name for path in settings.session_folder.iterdir()}
    assert names == {"in.wav", os.path.basename(short.output), "long.wav"}


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files of a process")
@pytest.mark.parametrize("room", [4_000, 10_000], ids=["for no audio", "for audio only"])
def test_without_room_for_work_under_way_a_long_job_fails(settings, music, in_workers, room):
    """The audio of a long job takes 7,056 bytes, and what is heard of it 16 times that."""
    music("long.wav", seconds=1.764, rate=1000)
    music("short.wav", seconds=0.05)
    in_workers(f"""
        import resource
        import umtn_core.rows
        umtn_core.rows.LARGEST_IN_MEMORY = 5_000
        resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
    """)

    async def work():
        async with running(settings) as jobs:
            for name in ("long", "short"):
                request = RenderRequest(id=name, input=f"{name}.wav", target="trumpet")
                await jobs.service.submit(request)
            return await jobs.ended("long", "short")

    long, short = asyncio.run(work())
    assert (long.state, long.code) == ("failed", "disk")
    assert "make room" in long.message
    assert short.state == "done", short
    assert not list((settings.data_folder / "work" / "batches").iterdir())
    names = {path.name for path in settings.session_folder.iterdir()}
    assert names == {"long.wav", "short.wav", os.path.basename(short.output)}


@pytest.fixture
def disk(tmp_path):
    """A folder on a small one, and what seals it: to root, any other folder is writable."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(folder)], check=False
        )
        return done.returncode == 0

    if os.geteuid() != 0 or not mount("size=4m"):
        pytest.skip("only root may mount a disk")
    yield folder, lambda: mount("remount", "ro")
    subprocess.run(["umount", str(folder)], check=True)


def test_an_output_folder_that_cannot_be_written_to_is_said(saving, disk):
    folder, seal = disk

    async def work():
        async with running(replace(saving, allowed=(folder,))) as jobs:
            await jobs.service.submit(request("meanwhile", output=str(folder / "meanwhile.wav")))
            await jobs.reaches("meanwhile", "running", 0.1)
            assert seal()
            (failed,) = await jobs.ended("meanwhile")
            with pytest.raises(RequestError) as refused:
                await jobs.service.submit(request("after", output=str(folder / "after.wav")))
            return failed, refused.value

    failed, refused = asyncio.run(work())
    assert (failed.state, failed.code, refused.code) == ("failed", "disk", "disk")
    assert "cannot be written" in failed.message and "cannot be written" in refused.message
    assert not list(folder.iterdir())
