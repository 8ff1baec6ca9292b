from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.discovery.address_file import VARIABLE, Address, write_address
from bridge.discovery.living import living_bridge


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A port of this process, which says nothing."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "bridge.json"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def address(pid: int, port: int) -> Address:
    return Address(1, "1", pid, "127.0.0.1", port, 9472, "/sessions", "2026-01-01T00:00:00")


def test_a_bridge_that_says_nothing_is_there_as_long_as_it_holds_its_port(
    taken: socket.socket,
) -> None:
    assert living_bridge() is None
    known = address(os.getpid(), taken.getsockname()[1])
    write_address(known)
    assert living_bridge() == known
    taken.close()
    assert living_bridge() is None


def test_a_process_that_has_only_got_the_number_is_none(taken: socket.socket) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        write_address(address(other.pid, taken.getsockname()[1]))
        assert living_bridge() is None
        other.communicate(b"\n")
