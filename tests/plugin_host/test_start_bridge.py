"""**Start bridge**, pressed in a host that has neither the user's PATH nor their environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("pedalboard")

UMTN = Path(sys.executable).with_name("umtn")
HOST = Path(__file__).parent / "hosts" / "window_host.py"

#: Of a DAW that brings its own Python and libraries along.
DAWS = {"PYTHONHOME": "/opt/daw/python", "PYTHONPATH": "/opt/daw", "LD_LIBRARY_PATH": "/opt/daw"}


def until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


@pytest.fixture
def home(tmp_path: Path, tiny_models: Path) -> dict[str, str]:
    """The environment of a user who has just come."""
    if not UMTN.exists():
        pytest.skip("umtn is not installed beside this Python")
    (tmp_path / "run").mkdir(mode=0o700)
    return {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "UMTN_MODELS": str(tiny_models),
        "OMP_NUM_THREADS": "1",
        "PATH": "",
    }


def address(home: dict[str, str]) -> dict[str, Any] | None:
    file = Path(home["XDG_RUNTIME_DIR"]) / "umtn" / "bridge.json"
    return json.loads(file.read_text()) if file.exists() else None


@pytest.fixture
def window(
    vst3: Path, display: str, home: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[], None]]:
    """Shows the plugin's window, and presses **Start bridge**: at the right of its first line."""
    close = tmp_path / "close"
    words = {"plugin": str(vst3), "environment": DAWS, "close": str(close)}
    host = subprocess.Popen(
        [sys.executable, HOST, json.dumps(words)], env={**home, "DISPLAY": display}, cwd=tmp_path
    )

    def xdotool(*arguments: object) -> str:
        return subprocess.run(
            ["xdotool", *map(str, arguments)], env={**os.environ, "DISPLAY": display},
            capture_output=True, text=True, timeout=30,
        ).stdout  # fmt: skip

    def press() -> None:
        until(lambda: xdotool("search", "--onlyvisible", "--name", "Pedalboard"), "no window")
        (number,) = xdotool("search", "--onlyvisible", "--name", "Pedalboard").split()
        lines = xdotool("getwindowgeometry", "--shell", number).splitlines()
        place = dict(line.split("=") for line in lines)
        time.sleep(2)  # for the light to know that there is no bridge
        assert host.poll() is None, "the host has ended"
        # It is broader than these steps, and to its left there is but the light's sentence.
        right, top = int(place["X"]) + int(place["WIDTH"]), int(place["Y"])
        for from_right in range(400, 80, -50):
            xdotool("mousemove", right - from_right, top + 26)
            time.sleep(0.1)
            xdotool("click", 1)

    try:
        yield press
    finally:
        close.touch()
        host.wait(30)


@pytest.fixture
def own_ports(home: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """A `umtn` whose bridge leaves the usual ports to the user's own; it is ended afterwards."""
    program = tmp_path / "music's venv" / "umtn"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{UMTN}" "$@" --port 0 --http-port 0 --no-announce\n')
    program.chmod(0o755)
    yield program
    if found := address(home):
        os.kill(found["pid"], signal.SIGTERM)
        until(lambda: not psutil.pid_exists(found["pid"]), "the bridge does not end")


def pointer(home: dict[str, str]) -> Path:
    return Path(home["HOME"]) / ".local" / "share" / "umtn" / "umtn-command"


def test_it_starts_the_umtn_that_ran_last(
    home: dict[str, str], own_ports: Path, window: Callable[[], None], tmp_path: Path
) -> None:
    subprocess.run([UMTN, "models"], env=home, check=True, stdout=subprocess.DEVNULL)
    assert pointer(home).read_text() == f"{UMTN}\n"
    pointer(home).write_text(f"{own_ports}\n")
    window()
    found = until(lambda: address(home), "the bridge does not come")
    assert pointer(home).read_text() == f"{UMTN}\n"  # which is what runs now

    bridge = psutil.Process(found["pid"])
    assert not DAWS.keys() & bridge.environ().keys()
    assert bridge.cwd() == home["HOME"]
    log = pointer(home).with_name("bridge.log")
    assert log.stat().st_mode & 0o777 == 0o600
    until(lambda: "OSC:" in log.read_text(), "the log says nothing")
    (tmp_path / "close").touch()
    time.sleep(1)
    assert bridge.is_running()  # it outlives the host
    done = subprocess.run([UMTN, "send", "ping"], env=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
