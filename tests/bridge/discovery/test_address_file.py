from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bridge.discovery.address_file import (
    VARIABLE,
    Address,
    address_file,
    read_address,
    remove_address,
    write_address,
)
from umtn_core.errors import UmtnError


def address(pid: int) -> Address:
    return Address(1, "1.2.3", pid, "127.0.0.1", 9471, 9472, "/sessions", "2026-01-01T00:00:00")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "run" / "bridge.json"))
    return tmp_path / "run" / "bridge.json"


def test_it_is_in_the_users_run_time_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert address_file().parts[-2:] == ("umtn", "bridge.json")


def test_what_is_written_is_read_by_this_user_alone(place: Path) -> None:
    assert read_address() is None
    write_address(address(os.getpid()))
    assert read_address() == address(os.getpid())
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert list(place.parent.iterdir()) == [place]
    remove_address()
    assert not place.exists()


def test_one_that_was_left_behind_is_none(place: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_address(address(gone.pid))
    assert read_address() is None
    remove_address()
    assert place.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_one_that_makes_no_sense_is_none(place: Path, text: str) -> None:
    place.parent.mkdir()
    place.write_text(text)
    assert read_address() is None


@pytest.mark.parametrize(
    "changes",
    [{"pid": 2**31}, {"pid": 2**62}, {"pid": 0}, {"pid": -1}, {"port": 99_999}, {"http_port": -1}],
)
def test_one_with_numbers_that_nothing_has_is_none(place: Path, changes: dict[str, int]) -> None:
    whole = address(os.getpid())
    write_address(whole)
    assert read_address() == whole
    write_address(msgspec.structs.replace(whole, **changes))
    assert read_address() is None


def test_another_bridges_file_is_not_removed(place: Path) -> None:
    write_address(address(os.getppid()))
    remove_address()
    assert place.exists()


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away"
)
def test_one_that_another_user_made_is_none(place: Path) -> None:
    write_address(address(os.getpid()))
    os.chown(place, 12345, 12345)
    assert read_address() is None


def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "bridge.json"))
    with pytest.raises(UmtnError, match=VARIABLE):
        write_address(address(1))
