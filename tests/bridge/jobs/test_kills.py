"""Kills at random moments, damage, and crowds: nothing acknowledged is lost, nothing is left over.

They take minutes. The moments come from a seed, but what happens at them depends on the machine.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.client import Bridge
from bridge.jobs import RenderRequest
from bridge.jobs.storage.store import DATABASE, JOURNAL, JobStore
from bridge.protocol import FINAL
from tests.bridge.jobs.conftest import running

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="kills by signals, looks into /proc"),
]

DRIVER = Path(__file__).with_name("small_bridge.py")
KILLS = 20


class SmallBridge:
    """A process of `small_bridge`."""

    def __init__(self, settings, save_every):
        folders = [str(settings.data_folder), str(settings.session_folder), str(save_every)]
        root = str(Path(__file__).parents[3])
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER), *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": root},
            start_new_session=True,
        )
        assert self.said() == "ready"

    def said(self) -> str:
        return self.process.stdout.readline().decode().strip()

    def submit(self, request) -> None:
        self.process.stdin.write(msgspec.json.encode(request) + b"\n")
        self.process.stdin.flush()
        assert self.said() == f"accepted {request.id}"

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def end(self) -> None:
        """Let it finish everything."""
        self.process.stdin.close()
        assert self.said() == "ended"
        assert self.process.wait() == 0
        self.close()

    def close(self) -> None:
        self.process.stdout.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait()


class WholeBridge:
    """`umtn bridge` itself, spoken to over OSC."""

    def __init__(self, settings, save_every):
        place = settings.data_folder.with_name("bridge.json")
        place.unlink(missing_ok=True)
        root = Path(__file__).parents[3]
        self.session = settings.session_folder
        with open(settings.data_folder.with_name("bridge.log"), "ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "bridge.cli", "bridge", "--port", "0",
                    "--http-port", "0", "--no-announce", "--max-rate", "0", "--cores", "1",
                    "--session-folder", str(self.session),
                    "--data-folder", str(settings.data_folder),
                ],
                env={**os.environ, "UMTN_BRIDGE_FILE": str(place)},
                cwd=root,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        while not place.exists():
            assert self.process.poll() is None
            time.sleep(0.05)
        address = msgspec.json.decode(place.read_bytes())
        self.client = Bridge("127.0.0.1", address["port"], token=address["token"])
        self.client.__enter__()

    def submit(self, request) -> None:
        plain = msgspec.structs.asdict(request)
        placed = ("id", "input", "target", "output")
        plain = {k: v for k, v in plain.items() if v is not None and k not in placed}
        self.client.render(
            self.session / request.input,
            request.target,
            self.session / request.output,
            id=request.id,
            **plain,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.client.__exit__()

    def end(self) -> None:
        """Let it finish everything."""
        while any(job.state not in FINAL for job in self.client.jobs()):
            time.sleep(0.1)
        self.client.__exit__()
        self.process.terminate()
        assert self.process.wait() == 0


def batch_of_jobs(music):
    """Regions of a few lengths, some that go together and some that do not."""
    music("long.wav", seconds=30.0)
    music("stereo.wav", seconds=1.0, rate=44_100, channels=2)
    requests = []
    for i in range(6):
        requests.append(_request(f"long {i}", "long.wav", seed=i, segments=1))
    for i in range(6):
        requests.append(_request(f"cut {i}", "stereo.wav", start=0.1 * i, length=0.3, seed=i))
    for i in range(4):
        requests.append(
            _request(f"other {i}", "long.wav", length=5.0, temperature=0.5, seed=i, priority=i)
        )
    # Its header is in order, so only who reads it finds out that it is no sound.
    bad = music("numberless.wav", seconds=1.0)
    samples = np.full((1, 1000), np.nan, np.float32)
    with AudioFile(str(bad), "w", 16_000, 1, bit_depth=32) as file:
        file.write(samples)
    requests.append(_request("bad", "numberless.wav"))
    return requests


def _request(id, source, **options):
    name = f"{id.replace(' ', '-')}.wav"
    return RenderRequest(id=id, input=source, target="trumpet", output=name, **options)


def results(settings, requests):
    folder = settings.session_folder
    return {
        request.id: (folder / request.output).read_bytes()
        for request in requests
        if (folder / request.output).exists()
    }


def undisturbed(settings, requests):
    """What the jobs give when nobody is killed."""
    bridge = SmallBridge(settings, 2.0)
    for request in requests:
        bridge.submit(request)
    bridge.end()
    found = results(settings, requests)
    for request in requests:
        (settings.session_folder / request.output).unlink(missing_ok=True)
    return found


def states(settings):
    store = JobStore(settings.data_folder)
    store._close()
    store._thread.shutdown()
    return {record.id: record.state for record in store.records}


def processes(word):
    """Processes with a word in their command or environment, zombies apart."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if word.encode() in command and b"bridge.jobs.worker.main" in command:
            found.append(int(entry.name))
    return found


def assert_nothing_left(settings, requests, expected):
    """The session folder holds the inputs and whole results; the work folder nothing."""
    names = {path.name for path in settings.session_folder.iterdir()}
    made = {request.output for request in requests if request.id in expected}
    assert names == {"long.wav", "stereo.wav", "numberless.wav"} | made
    left = [path for path in (settings.data_folder / "work").rglob("*") if path.is_file()]
    assert not left


@pytest.fixture
def reference(settings, music, tmp_path):
    """The requests, and their results undisturbed."""
    requests = batch_of_jobs(music)
    expected = undisturbed(replace(settings, data_folder=tmp_path / "undisturbed"), requests)
    assert set(expected) == {request.id for request in requests} - {"bad"}
    return requests, expected


def check(settings, requests, expected):
    assert results(settings, requests) == expected, "byte for byte"
    ended = states(settings)
    assert ended == {r.id: "failed" if r.id == "bad" else "done" for r in requests}
    assert_nothing_left(settings, requests, expected)


@pytest.mark.parametrize("bridge_of", [SmallBridge, WholeBridge])
def test_the_bridge_is_killed_at_random_moments(settings, reference, monkeypatch, bridge_of):
    monkeypatch.setenv("UMTN_TEST_MARK", mark := f"kills-{os.getpid()}")
    requests, expected = reference
    rng = random.Random(1)
    left = list(requests)
    amid_work = 0
    for kill in range(KILLS):
        bridge = bridge_of(settings, 0.1)
        for _ in range(rng.randint(0, 3)):
            if left:
                bridge.submit(left.pop(0))
        if kill == KILLS // 2:
            while left:
                bridge.submit(left.pop(0))
        time.sleep(rng.uniform(0.0, 2.5))
        bridge.kill()
        amid_work += len(results(settings, requests)) < len(expected)
    assert not left
    assert amid_work > KILLS / 2, "too few kills met work to do"
    bridge = bridge_of(settings, 0.1)
    for request in requests:
        bridge.submit(request)  # again: the first one's state
    bridge.end()
    check(settings, requests, expected)
    assert not processes(mark)


def test_the_worker_is_killed_at_random_moments(settings, reference):
    """A kill from outside counts against no job, so that none fails for it."""
    requests, expected = reference
    rng = random.Random(2)

    async def work():
        async with running(replace(settings, save_every=0.1)) as jobs:
            for request in requests:
                await jobs.service.submit(request)
            for _ in range(6):
                await asyncio.sleep(rng.uniform(0.2, 2.0))
                pids = jobs.service._renderer.pids
                if pids:
                    os.kill(pids["cpu-0"], signal.SIGKILL)
            return await jobs.ended(*(r.id for r in requests))

    asyncio.run(work())
    check(settings, requests, expected)


@pytest.mark.parametrize("file", [DATABASE, f"{DATABASE}-wal", JOURNAL])
def test_the_last_page_is_lost_with_the_power(settings, reference, file):
    requests, expected = reference
    rng = random.Random(3)
    for kill in range(3):
        bridge = SmallBridge(settings, 0.1)
        for request in requests[6 * kill : 6 * kill + 6]:
            bridge.submit(request)
        time.sleep(rng.uniform(0.1, 1.5))
        bridge.kill()
        path = settings.data_folder / file
        if path.exists():
            with open(path, "r+b") as damaged:
                damaged.truncate(max(0, path.stat().st_size - rng.randint(1, 4096)))
    bridge = SmallBridge(settings, 0.1)
    bridge.end()
    check(settings, requests, expected)


def test_200_jobs_cancelled_at_random_by_20_clients(settings, music, monkeypatch):
    monkeypatch.setenv("UMTN_TEST_MARK", mark := f"crowd-{os.getpid()}")
    music(seconds=0.3)
    rng = random.Random(4)
    before = len(os.listdir("/proc/self/fd"))

    async def client(jobs, number):
        for i in range(10):
            id = f"{number}-{i}"
            options = {"seed": i, "temperature": rng.choice([None, 0.5])}
            await jobs.service.submit(
                RenderRequest(id=id, input="in.wav", target="trumpet", **options)
            )
            await asyncio.sleep(rng.uniform(0, 0.3))
            if rng.random() < 0.5:
                victim = f"{number}-{rng.randint(0, i)}"
                job = await jobs.service.cancel(victim)
                assert job.state in FINAL

    async def work():
        async with running(replace(settings, save_every=0.05)) as jobs:
            await asyncio.gather(*(client(jobs, number) for number in range(20)))
            ended = await jobs.ended(*(job.id for job in jobs.service.jobs()), seconds=600)
            finals = {}
            for job in jobs.told:
                if job.state in FINAL:
                    finals.setdefault(job.id, []).append(job.state)
            return ended, finals

    ended, finals = asyncio.run(work())
    assert len(ended) == 200
    assert finals == {job.id: [job.state] for job in ended}, "told once, and true"
    assert {job.state for job in ended} == {"done", "cancelled"}
    assert states(settings) == {job.id: job.state for job in ended}
    made = {os.path.basename(job.output) for job in ended if job.state == "done"}
    assert {path.name for path in settings.session_folder.iterdir()} == made | {"in.wav"}
    assert not [p for p in (settings.data_folder / "work").rglob("*") if p.is_file()]
    assert len(os.listdir("/proc/self/fd")) == before
    assert not processes(mark)


def test_a_full_disk(settings, music, tmp_path):
    """A real one, of a few hundred kilobytes."""
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(small)], check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        music(seconds=3.0)
        settings = replace(settings, allowed=(small,))

        async def work():
            async with running(settings) as jobs:
                for i in range(4):
                    request = _request(f"job {i}", "in.wav", seed=i, mix=0.0)
                    await jobs.service.submit(
                        msgspec.structs.replace(request, output=str(small / f"{i}.wav"))
                    )
                return await jobs.ended(*(f"job {i}" for i in range(4)))

        jobs = asyncio.run(work())
        assert [job.state for job in jobs] == ["done", "done", "failed", "failed"]
        assert {job.code for job in jobs[2:]} == {"disk"}
        assert {path.name for path in small.iterdir()} == {"0.wav", "1.wav"}
        full_store(settings, small)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def full_store(settings, small):
    """The store itself on the full disk: jobs are refused, and none of them comes back."""
    from bridge.jobs import RequestError

    for path in small.iterdir():
        path.unlink()
    settings = replace(settings, data_folder=small / "data")

    async def work():
        async with running(settings) as jobs:
            (small / "filler").write_bytes(b"")
            with open(small / "filler", "wb", buffering=0) as filler:
                try:
                    while filler.write(bytes(1024)):
                        pass
                except OSError:
                    pass
            refused = 0
            for i in range(20):
                try:
                    await jobs.service.submit(_request(f"late {i}", "in.wav", length=0.01))
                except RequestError as error:
                    assert error.code == "disk"
                    refused += 1
            (small / "filler").unlink()
            kept = [job.id for job in jobs.service.jobs()]
            await jobs.ended(*kept)
            assert refused
            return set(kept)

    kept = asyncio.run(work())
    assert set(states(settings)) == kept
