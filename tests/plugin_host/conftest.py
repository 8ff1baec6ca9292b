"""The built plugin, a real bridge, and hosts that run in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bridge.conftest import RealBridge

ROOT = Path(__file__).parents[2]
BUILT = Path(os.environ.get("UMTN_PLUGIN_BUILD", ROOT / "build" / "plugin"))
PLUGINS = BUILT / "plugin_host" / "umtn_plugin_artefacts" / "Release"
HOSTS = Path(__file__).parent / "hosts"
RATE = 48_000


def _built(path: Path) -> Path:
    if not path.exists():
        pytest.skip("the plugin is not built: `make test-plugin` builds it")
    return path


@pytest.fixture(scope="session")
def vst3() -> Path:
    return _built(PLUGINS / "VST3" / "umtn.vst3")


@pytest.fixture(scope="session")
def lv2() -> Path:
    return _built(PLUGINS / "LV2" / "umtn.lv2")


@pytest.fixture
def bridge(tmp_path: Path, tiny_models: Path) -> Iterator[RealBridge]:
    """A real bridge with the shipped model; hosts find it through its environment."""
    bridge = RealBridge(tmp_path / "bridge", tiny_models)
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()


@pytest.fixture
def display() -> Iterator[str]:
    """A screen of its own, and what presses on it and looks at it."""
    for program in ("Xvfb", "xdotool", "import"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} (apt install xvfb xdotool imagemagick)")
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert screen.stdout
    try:
        yield ":" + screen.stdout.readline().strip()
    finally:
        screen.terminate()
        screen.wait(30)


@pytest.fixture(scope="session")
def tune() -> NDArray[np.float32]:
    """Two seconds of a melody in the shipped model's range, as stereo at 48 kHz."""
    time = np.arange(2 * RATE) / RATE
    note = np.array([523.25, 587.33, 659.26, 783.99])[(time * 4).astype(int) % 4]
    phase = 2 * np.pi * np.cumsum(note) / RATE
    swell = np.minimum(1, (time * 4 % 1) * 12) * np.minimum(1, (1 - time * 4 % 1) * 12)
    left = swell * sum(np.sin(k * phase) / k**1.5 for k in range(1, 6)) * 0.15
    return np.stack([left, 0.5 * left]).astype(np.float32)


class Host:
    """One of ``hosts/`` in a process of its own: words in as JSON, the last line back as JSON."""

    def __init__(self, script: str, folder: Path, bridge: RealBridge, words: dict[str, Any]):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, HOSTS / script, json.dumps(words, default=str)],
            env={**bridge.environment, "HOME": str(folder)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answer(self, timeout: float = 120) -> dict[str, Any]:
        try:
            output, errors = self.process.communicate(timeout=timeout)
        finally:
            self.process.kill()
        assert self.process.returncode == 0, errors[-3000:] + output[-1000:]
        answer: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return answer

    def passed(self, number: int) -> NDArray[np.float32]:
        """Wait for a pass of the DawDreamer host, and return what was heard in it."""
        until = time.monotonic() + 100
        while not (self.folder / f"{number}.passed").exists():
            assert self.process.poll() in (None, 0), self.process.communicate()
            assert time.monotonic() < until, f"pass {number} does not end"
            time.sleep(0.05)
        audio: NDArray[np.float32] = np.load(self.folder / f"pass-{number}.npy")
        return audio


@pytest.fixture
def start_host(tmp_path: Path, bridge: RealBridge) -> Callable[..., Host]:
    """Start a host in a folder of its own."""

    def start(script: str, folder: str = "host", **words: Any) -> Host:
        return Host(script, tmp_path / folder, bridge, words)

    return start
