"""What goes wrong around the plugin must not stop the music, and must mend."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bridge.conftest import RealBridge
from tests.plugin_host.test_dawdreamer import CAPTURE, PLAY, RENDER, assert_plays, takes

pytest.importorskip("dawdreamer", reason="needs dawdreamer, which is not installed")

RATE = 48_000


@pytest.fixture
def words(vst3: Path, tune: NDArray[np.float32], tmp_path: Path) -> dict[str, Any]:
    np.save(tmp_path / "tune.npy", tune)
    return {"plugin": vst3, "audio": tmp_path / "tune.npy", "rate": RATE, "block": 512}


def states(bridge: Any) -> list[str]:
    entries = [json.loads(line) for line in bridge.log.read_text().splitlines()]
    return [entry["state"] for entry in entries if "state" in entry]


def until(condition: Any, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_a_bridge_killed_in_mid_render_is_gone_on_with(
    bridge: Any, start_host: Any, words: dict[str, Any], tune: NDArray[np.float32], tmp_path: Path
) -> None:
    np.save(tmp_path / "tune.npy", np.tile(tune, 6))
    mended = tmp_path / "mended"
    host = start_host(
        "dawdreamer_host.py", passes=[CAPTURE, RENDER, [*PLAY, ["wait", mended]]], **words
    )
    until(lambda: bridge.log.exists() and "running" in states(bridge), "it does not begin")
    bridge.process.kill()
    bridge.process.wait()
    host.passed(1)  # the bounce does not wait for a bridge that is not there
    assert not takes(bridge)
    (bridge.folder / "bridge.json").unlink(missing_ok=True)  # as if the machine had been restarted
    bridge.start()
    until(lambda: takes(bridge), "the take is not made")
    time.sleep(1)
    mended.touch()
    host.answer()
    (take,) = takes(bridge)
    assert_plays(host.passed(2), take)


class SmallDisk:
    """A file system of its own, of which there is room enough, or not."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self.run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder)

    def run(self, *command: Any) -> None:
        subprocess.run(command, check=True, capture_output=True)

    def become(self, options: str) -> None:
        self.run("mount", "-o", f"remount,{options}", self.folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        disk = SmallDisk(tmp_path / "bridge" / "sessions")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a file system here")
    yield disk
    subprocess.run(["umount", "-l", disk.folder], check=False)


@pytest.mark.parametrize(
    "trouble",
    ["full", *(pytest.param(name, marks=pytest.mark.long) for name in ("read-only", "deleted"))],
)
def test_a_session_folder_in_trouble_leaves_the_music_alone(
    disk: SmallDisk,
    bridge: RealBridge,
    start_host: Any,
    words: dict[str, Any],
    tune: NDArray[np.float32],
    tmp_path: Path,
    trouble: str,
) -> None:
    if trouble == "read-only":
        disk.become("ro")
    elif trouble == "full":
        disk.become("size=256k")
    mended = tmp_path / "mended"
    passes = [CAPTURE, RENDER, [*CAPTURE, ["wait", mended]], RENDER]
    host = start_host("dawdreamer_host.py", passes=passes, **words)
    if trouble == "deleted":
        host.passed(0)
        for folder in bridge.session.iterdir():
            shutil.rmtree(folder)
    np.testing.assert_array_equal(host.passed(0)[:, : tune.shape[1]], tune)
    second = host.passed(1)
    if trouble != "deleted":  # else the render may have been quicker
        np.testing.assert_array_equal(second[:, : tune.shape[1]], tune)
        assert not takes(bridge)

    disk.become("rw,size=64m")
    time.sleep(3)  # it is not tried at every block again
    before = takes(bridge)
    mended.touch()
    host.answer()
    (take,) = set(takes(bridge)) - set(before)
    assert_plays(host.passed(3), take)
