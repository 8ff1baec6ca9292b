"""The built plugin, a real bridge, and hosts that run in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


@pytest.fixture(scope="session")
def tune() -> NDArray[np.float32]:
    """Two seconds of a melody in the shipped model's range, as stereo at 48 kHz."""
    time = np.arange(2 * RATE) / RATE
    note = np.array([523.25, 587.33, 659.26, 783.99])[(time * 4).astype(int) % 4]
    phase = 2 * np.pi * np.cumsum(note) / RATE
    swell = np.minimum(1, (time * 4 % 1) * 12) * np.minimum(1, (1 - time * 4 % 1) * 12)
    left = swell * sum(np.sin(k * phase) / k**1.5 for k in range(1, 6)) * 0.15
    return np.stack([left, 0.5 * left]).astype(np.float32)


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run_host(tmp_path: Path, bridge: RealBridge) -> Run:
    """Run one of ``hosts/``: words in as JSON, its last line of output back as JSON."""

    def run(script: str, timeout: float = 120, **words: Any) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, HOSTS / script, json.dumps(words, default=str)],
            env={**bridge.environment, "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer

    return run
