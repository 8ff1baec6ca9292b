from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.discovery.command_file import command_file, leave_command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has other folders and rights")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What runs is this `umtn`, of a virtual environment."""
    return _runs(tmp_path / "music's venv" / "bin" / "umtn", monkeypatch)


def _runs(program: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "doctor"])
    return program


def test_it_says_where_the_umtn_is_that_ran_last(
    data: Path, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_command()
    assert command_file() == data / "umtn" / "umtn-command"
    assert command_file().read_text() == f"{program}\n"
    other = _runs(tmp_path / "other" / "umtn", monkeypatch)
    leave_command()
    assert command_file().read_text() == f"{other}\n"
    assert [path.name for path in command_file().parent.iterdir()] == ["umtn-command"]


def test_it_is_for_this_user_alone_and_written_only_if_it_changes(
    data: Path, program: Path
) -> None:
    leave_command()
    assert stat.S_IMODE(command_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(command_file().parent.stat().st_mode) == 0o700
    before = command_file().stat()
    leave_command()
    assert command_file().stat() == before


def test_a_link_to_umtn_is_named_itself(
    data: Path, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "umtn"
    link.symlink_to(program)
    monkeypatch.setattr(sys, "argv", [str(link)])
    leave_command()
    assert command_file().read_text() == f"{link}\n"


def test_as_a_module_it_is_the_one_beside_python(
    data: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bridge/cli/__main__.py", "doctor"])
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    leave_command()
    assert command_file().read_text() == f"{program}\n"
    program.unlink()
    leave_command()  # there is none, so what stands there stays
    assert command_file().read_text() == f"{program}\n"


@pytest.mark.parametrize(
    "trouble", ["no home", "read-only", "a folder", "a file above", "another's"]
)
def test_what_keeps_it_from_being_written_is_no_error(
    data: Path, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "no home":
        monkeypatch.setenv("XDG_DATA_HOME", "")
        monkeypatch.setenv("HOME", "")
        monkeypatch.setattr("pwd.getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    elif trouble == "read-only":
        monkeypatch.setattr("os.mkdir", _refuse)
        monkeypatch.setattr("tempfile.mkstemp", _refuse)
    elif trouble == "a folder":
        command_file().mkdir(parents=True)
    elif trouble == "a file above":
        data.touch()
    elif trouble == "another's":
        monkeypatch.setattr("os.geteuid", lambda: 65_534)
    leave_command()
    assert not any(path.is_file() for path in data.rglob("*"))


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_any_command_leaves_it_but_neither_help_nor_version(data: Path, tmp_path: Path) -> None:
    def run(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "bridge.cli", *words], check=False, cwd=tmp_path)

    if not Path(sys.executable).with_name("umtn").exists():
        pytest.skip("umtn is not installed beside this Python")
    for words in ("--help",), ("--version",), ():
        run(*words)
    assert not data.exists()
    run("token")  # no command
    assert not data.exists()
    run("models")
    assert Path(command_file().read_text().rstrip("\n")).samefile(
        Path(sys.executable).with_name("umtn")
    )
