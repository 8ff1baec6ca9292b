"""A bridge's jobs without the bridge: folders, short recordings, and the shipped model."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.jobs import Job, JobService, JobSettings
from bridge.protocol import FINAL
from umtn_core.audio.write import write_audio

RATE = 16_000


class Jobs:
    """A service under way, and what it told."""

    def __init__(self, service: JobService):
        self.service = service
        self.told: list[Job] = []
        service.subscribe(self.told.append)

    async def ended(self, *ids: str, seconds: float = 300.0) -> list[Job]:
        """Wait until jobs have ended."""
        until = asyncio.get_running_loop().time() + seconds
        while any(self.service.get(id).state not in FINAL for id in ids):
            assert asyncio.get_running_loop().time() < until, self.service.jobs()
            await asyncio.sleep(0.01)
        return [self.service.get(id) for id in ids]

    async def reaches(self, id: str, state: str, fraction: float = 0.0) -> None:
        """Wait until a job is in a state and so far."""
        for _ in range(30_000):
            job = self.service.get(id)
            if job.state == state and job.fraction >= fraction:
                return
            assert job.state not in FINAL, job
            await asyncio.sleep(0.01)
        raise AssertionError(self.service.get(id))

    @property
    def worker(self) -> int:
        """Process of the render worker."""
        return self.service._renderer.pids["cpu-0"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    """Folders of their own, one core, and a state saved twice a second."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("UMTN_MODELS", raising=False)
    (tmp_path / "session").mkdir()
    return JobSettings(tmp_path / "data", tmp_path / "session", cores=1, save_every=0.5)


@pytest.fixture
def music(settings: JobSettings) -> Callable[..., Path]:
    """Make a recording in the session folder: ``music("a.wav", seconds=1.0)``."""

    def make(
        name: str = "in.wav",
        seconds: float = 0.1,
        rate: int = RATE,
        channels: int = 1,
        folder: Path | None = None,
    ) -> Path:
        path = (folder or settings.session_folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_audio(path, tone(seconds, rate, channels), rate)
        return path

    return make


def tone(seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """A tone a little different in each channel."""
    time = np.arange(round(seconds * rate)) / rate
    pitches = 220 * (1 + np.arange(channels))[:, None]
    return (0.2 * np.sin(2 * np.pi * pitches * time)).astype(np.float32)


def heard(path: str | Path) -> np.ndarray:
    """Read a result."""
    with AudioFile(str(path)) as file:
        return file.read(file.frames)


@pytest.fixture
def in_workers(settings: JobSettings, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have render workers run some Python before their own."""

    def hook(script: str) -> None:
        folder = settings.data_folder / "hook"
        folder.mkdir(parents=True, exist_ok=True)
        guard = "import sys\nif 'bridge.jobs.worker.main' in sys.orig_argv:\n"
        script = textwrap.indent(textwrap.dedent(script), "    ")
        (folder / "sitecustomize.py").write_text(guard + script)
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return hook


@contextlib.asynccontextmanager
async def running(settings: JobSettings) -> AsyncIterator[Jobs]:
    """Run a service for the length of a block."""
    service = JobService(settings)
    await service.start()
    try:
        yield Jobs(service)
    finally:
        await service.stop()
