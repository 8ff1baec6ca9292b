"""Many clients at once, and nothing left behind."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bridge.client import AsyncBridge, JobStatus
from umtn_core.audio import read_audio

MakeRecording = Callable[..., Path]


@pytest.mark.parametrize(
    ("clients", "jobs"), [(5, 30), pytest.param(20, 200, marks=pytest.mark.long)]
)
def test_clients_cancel_at_random(
    real_bridge: Any, recording: MakeRecording, clients: int, jobs: int
) -> None:
    sources = [
        recording(f"bridge/sessions/{n}.wav", seconds=seconds)
        for n, seconds in enumerate((0.05, 0.2, 1.0))
    ]
    process = psutil.Process(real_bridge.process.pid)
    chance = random.Random(0)
    ends: dict[str, JobStatus] = {}

    async def client(number: int) -> None:
        async with AsyncBridge(port=real_bridge.port, timeout=30) as bridge:
            for place in range(jobs // clients):
                id = f"{number}-{place}"
                source, target = chance.choice(sources), chance.choice(("flute", "violin"))
                seed, priority = chance.randrange(3), chance.randrange(3)
                await bridge.render(
                    source, target, id=id, model="tiny", seed=seed, priority=priority
                )
                following = asyncio.create_task(bridge.follow(id))
                if chance.random() < 0.5:
                    await asyncio.sleep(chance.random() * chance.choice((0.01, 0.5)))
                    await bridge.cancel(id)
                ends[id] = await following

    async def scene() -> list[JobStatus]:
        async with AsyncBridge(port=real_bridge.port) as bridge:
            # Warm: a worker, and whatever else is opened only once.
            warm = await bridge.render(sources[0], "flute", id="warm", model="tiny")
            assert (await bridge.follow(warm.id)).state == "done"
            nonlocal open_before, children_before
            open_before, children_before = process.num_fds(), _children(process)
            await asyncio.gather(*map(client, range(clients)))
            return await bridge.jobs()

    open_before, children_before = 0, Counter[str]()
    listed = asyncio.run(scene())
    assert {job.id: job.state for job in listed} == {
        "warm": "done",
        **{id: end.state for id, end in ends.items()},
    }
    states = Counter(end.state for end in ends.values())
    print(f"\n{states}")
    assert states.keys() == {"done", "cancelled"}
    outputs = {Path(job.output) for job in listed if job.state == "done"}
    assert len(outputs) == states["done"] + 1
    assert {path for path in real_bridge.session.iterdir()} == outputs | set(sources)
    lengths = {read_audio(path)[0].shape for path in outputs}
    assert lengths <= {read_audio(source)[0].shape for source in sources}
    assert process.num_fds() <= open_before + 2
    assert _children(process) == children_before
    assert real_bridge.stop() == 0
    left = [path.name for path in (real_bridge.folder / "store").rglob("*") if path.is_file()]
    usual = {"jobs.sqlite", "jobs.journal", "clock.json", "lock", "worker-cpu-0.log"}
    assert set(left) <= usual, left


def _children(process: psutil.Process) -> Counter[str]:
    return Counter(child.name() for child in process.children(recursive=True))
