"""How a bridge ends: by one signal, by several, with its terminal, and with all its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from bridge.client import Bridge

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

MakeRecording = Callable[..., Path]


def place(bridge: Any) -> Path:
    folder: Path = bridge.folder
    return folder / "bridge.json"


@contextmanager
def started(bridge: Any, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start the bridge's command in another way than usual."""
    with subprocess.Popen(bridge.command(), env=bridge.environment, **options) as process:
        try:
            until = time.monotonic() + 60
            while not place(bridge).exists():
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.05)
            bridge.port = json.loads(place(bridge).read_text())["port"]
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGHUP],
        # As a shell and a terminal send it, and a session that is shut down with them.
        [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM],
    ],
)
def test_it_ends_in_order_with_its_session(real_bridge: Any, signals: list[int]) -> None:
    for number in signals:
        os.kill(real_bridge.process.pid, number)
        time.sleep(0.02)
    assert real_bridge.process.wait(30) == 0, real_bridge.stderr
    assert not place(real_bridge).exists()
    assert "Traceback" not in real_bridge.stderr


def test_its_terminal_is_closed(make_bridge: Any) -> None:
    """What it shows can be shown nobody then, which is no reason to fail."""
    import fcntl
    import pty
    import termios

    bridge = make_bridge()
    ours, theirs = pty.openpty()
    with started(
        bridge,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(theirs)
        os.close(ours)
        assert process.wait(30) == 0
    assert not place(bridge).exists()


def test_behind_nohup_it_stays(make_bridge: Any) -> None:
    bridge = make_bridge()
    with started(
        bridge,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    ) as process:
        process.send_signal(signal.SIGHUP)
        with Bridge(port=bridge.port) as client:
            client.ping()
        process.terminate()
        assert process.wait(30) == 0
    assert not place(bridge).exists()


@pytest.mark.parametrize("all_at_once", [False, True])
def test_what_is_rendered_is_saved_when_a_service_is_stopped(
    real_bridge: Any, recording: MakeRecording, all_at_once: bool
) -> None:
    """SIGTERM for the bridge alone, as with KillMode=mixed; or for all that the service has."""
    source = recording("bridge/sessions/long.wav", seconds=100.0)
    with Bridge(port=real_bridge.port) as bridge:
        bridge.render(source, "flute", id="a", model="tiny", segments=1)
        until = time.monotonic() + 60
        while bridge.status("a").fraction < 0.05:
            assert time.monotonic() < until
            time.sleep(0.05)
        reached = bridge.status("a").fraction
    process = psutil.Process(real_bridge.process.pid)
    workers = process.children(recursive=True)
    assert workers
    for each in [*(workers if all_at_once else ()), process]:
        each.send_signal(signal.SIGTERM)
    assert real_bridge.process.wait(30) == 0
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive
    real_bridge.start()
    with Bridge(port=real_bridge.port) as bridge:
        until = time.monotonic() + 60
        while not (again := bridge.status("a").fraction):
            assert time.monotonic() < until
            time.sleep(0.01)
        bridge.cancel("a")
    assert again >= reached, "it went on, and did not begin again"


def test_who_is_in_a_hurry_asks_twice(real_bridge: Any) -> None:
    os.kill(real_bridge.process.pid, signal.SIGSTOP)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(real_bridge.process.pid, number)
    os.kill(real_bridge.process.pid, signal.SIGCONT)
    assert real_bridge.process.wait(30) in (128 + signal.SIGINT, 128 + signal.SIGTERM)
