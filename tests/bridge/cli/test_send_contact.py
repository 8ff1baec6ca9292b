"""That no bridge is there is said within a second; one that is there is waited for."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.server.test_listening import has_ipv6

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs to stop processes")

#: Seconds that the command may take, on a machine that has not much else to do.
PROMPT = 1.0


class Sent:
    """What a whole command did."""

    def __init__(self, file: Path, *words: object):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge.cli", "send", *map(str, words)],
            env={**os.environ, "UMTN_BRIDGE_FILE": str(file)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def end(self) -> tuple[int, str]:
        _, said = self.process.communicate(timeout=60)
        self.seconds = time.monotonic() - self.began
        return self.process.returncode, said


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bridge.json"


@pytest.fixture
def slow() -> float:
    """What the machine takes besides: a command that asks nobody."""
    sent = Sent(Path("none"), "jobs", "--none")
    assert sent.end()[0] == 2
    return sent.seconds


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port at which whatever comes is swallowed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken


def write(file: Path, port: int, pid: int) -> None:
    """Write the address file of a bridge."""
    file.write_text(
        json.dumps(
            {
                "protocol": 1, "version": "1.2.3", "pid": pid, "host": "127.0.0.1", "port": port,
                "http_port": 1, "session_folder": "/none", "started": "2026-01-01T00:00:00+00:00",
                "token": "0123456789abcdef", "hosts": ["127.0.0.1"],
            }
        )
    )  # fmt: skip
    file.chmod(0o600)


def check_prompt(sent: Sent, slow: float) -> None:
    code, said = sent.end()
    assert code == 1 and len(said.splitlines()) == 1, said
    assert "umtn bridge" in said
    # What it takes to start and to end at all is much where others have the processor too.
    assert sent.seconds < max(PROMPT, 3 * slow + 0.6), said


def test_no_address_file_and_a_port_that_refuses(file: Path, unused_port: int, slow: float) -> None:
    check_prompt(Sent(file, "ping"), slow)
    for host in ("127.0.0.1", "localhost", *(["::1"] if has_ipv6() else [])):
        check_prompt(Sent(file, "jobs", "--host", host, "--port", unused_port), slow)
    check_prompt(Sent(file, "take.wav", "--to", "flute", "--port", unused_port), slow)


def test_a_port_that_swallows_what_comes(file: Path, silent: socket.socket, slow: float) -> None:
    """At one of the two addresses, while the other refuses, or alone."""
    port = silent.getsockname()[1]
    for where in (["--port", port], ["--host", "127.0.0.1", "--port", port]):
        check_prompt(Sent(file, "ping", *where), slow)
    # Whoever says how long to wait is obeyed.
    sent = Sent(file, "ping", "--port", port, "--timeout", 2)
    assert sent.end()[0] == 1 and sent.seconds > 2


def test_the_address_file_of_a_process_that_is_no_bridge(
    file: Path, silent: socket.socket, unused_port: int, slow: float
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        for port in (unused_port, silent.getsockname()[1]):
            write(file, port, other.pid)
            check_prompt(Sent(file, "ping"), slow)
        other.communicate(b"\n")


@posix
def test_a_bridge_that_is_busy_is_waited_for(real_bridge: Any) -> None:
    file = real_bridge.folder / "bridge.json"
    os.kill(real_bridge.process.pid, signal.SIGSTOP)
    try:
        sent = Sent(file, "ping", "--timeout", 30)
        time.sleep(2)
        assert sent.process.poll() is None
        stuck = Sent(file, "ping", "--timeout", 1.5)
        code, said = stuck.end()
        assert code == 1 and f"process {real_bridge.process.pid}, has not answered in 1.5" in said
        assert "does not answer yet; waiting for it up to 1.5 s." in said
        # In less than what any bridge needs, too.
        code, said = Sent(file, "ping", "--timeout", 0.2).end()
        assert code == 1 and f"process {real_bridge.process.pid}, has not answered in 0.2" in said
    finally:
        os.kill(real_bridge.process.pid, signal.SIGCONT)
    assert sent.end() == (0, "umtn: The bridge does not answer yet; waiting for it up to 30 s.\n")
