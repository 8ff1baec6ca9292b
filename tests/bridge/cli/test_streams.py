from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UMTN = f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} -m bridge.cli"
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no file that is always full")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="written for a shell")


def shell(folder: Path, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which ``umtn`` is the command."""
    return subprocess.run(
        ["sh", "-c", line.replace("umtn", UMTN, 1)],
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_work_is_done_without_standard_streams(
    recording: Callable[..., Path], tmp_path: Path, closed: str
) -> None:
    take = recording("take.wav")
    before = take.read_bytes()
    done = shell(tmp_path, f"umtn edit take.wav --to flute --model tiny {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert take.read_bytes() != before
    assert (tmp_path / "take.original.wav").read_bytes() == before
    assert done.stdout.startswith("take.wav is played" if ">&- 2" not in closed else "")
    # Nothing that was to be read by a person is in a file that took the place of a stream.
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["take.original.wav", "take.wav"]


@FULL
@pytest.mark.parametrize("command", ["models", "models --json", "--help", "--version"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_stdout_that_cannot_be_written_is_told_of(
    tmp_path: Path, command: str, unbuffered: str
) -> None:
    done = shell(tmp_path, f"umtn {command} >/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.startswith("umtn: What is printed cannot be written to stdout (")
    assert len(done.stderr.splitlines()) == 1


@FULL
@pytest.mark.usefixtures("models_folder")
def test_remarks_that_cannot_be_written_stop_nothing(
    recording: Callable[..., Path], tmp_path: Path
) -> None:
    recording("take.wav")
    line = "umtn translate take.wav none.wav --to flute --model tiny 2>/dev/full"
    done = shell(tmp_path, line, UMTN_PROGRESS_S="0")
    assert (done.returncode, done.stdout) == (1, "take.wav -> take.flute.wav\n")
    assert (tmp_path / "take.flute.wav").is_file()


def test_a_reader_that_has_gone_is_nothing_to_speak_of(tmp_path: Path) -> None:
    done = shell(tmp_path, "umtn --help | :")
    assert done.stderr == ""


def test_a_working_folder_that_is_gone_is_told_of(tmp_path: Path) -> None:
    line = "mkdir gone; cd gone; rmdir ../gone; umtn translate ../take.wav --to clarinet"
    done = shell(tmp_path, line)
    assert done.returncode == 1
    assert done.stderr.startswith("umtn: The folder that umtn was started in is not there")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "日é"), ("latin-1", "\\u65e5é")])
def test_what_an_encoding_lacks_is_written_out(
    recording: Callable[..., Path], tmp_path: Path, encoding: str, shown: str
) -> None:
    recording("日é.wav")
    done = subprocess.run(
        ["sh", "-c", f"{UMTN} translate 日é.wav --to flute --model tiny"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=120,
    )
    said = done.stdout.decode("latin-1" if encoding == "latin-1" else "utf-8")
    assert (done.returncode, said) == (0, f"{shown}.wav -> {shown}.flute.wav\n")
