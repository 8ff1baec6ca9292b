"""Every command, started in a folder that holds a namesake of every Python module there is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bridge.cli.test_whole_way import SETTINGS

#: What the command's own script does, without the folder of the tree that tests have in their path.
UMTN = [sys.executable, str(Path(sys.executable).with_name("umtn"))]

#: Writes down which module it stands for, and who imported it.
WITNESS = """import os, sys
with open({path!r}, "a") as witness:
    witness.write(__name__ + " in " + " ".join(sys.orig_argv) + chr(10))
raise ImportError("hostile")
"""

#: Not Python, but looked for in the current folder by some libraries or other.
OTHERS = ("matplotlibrc", "setup.cfg", "pyproject.toml", ".env", "pyvenv.cfg", ".pythonrc")


class Hostile:
    """Such a folder, and what it has seen."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder = folder
        self.environment = environment
        self._witness = folder.parent / "witness"
        folder.mkdir()
        module = WITNESS.format(path=str(self._witness))
        for name in _names():
            (folder / f"{name}.py").write_text(module)
        for package in ("umtn_core", "export", "bridge"):
            (folder / package).mkdir()
            (folder / package / "__init__.py").write_text(module)
        for name in OTHERS:
            (folder / name).write_bytes(b"\0nonsense = [[[\n")

    @property
    def seen(self) -> str:
        return self._witness.read_text() if self._witness.exists() else ""

    def run(self, *arguments: object, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*UMTN, *map(str, arguments)], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, timeout=seconds,
        )  # fmt: skip


def _names() -> set[str]:
    """Return the names of all top-level modules of Python's and of what is installed."""
    names = set(sys.stdlib_module_names) | {"bridge", "export", "umtn_core", "sitecustomize"}
    names |= {"usercustomize", "numpy", "soxr", "__main__", "tests", "benchmarks", "tools"}
    for place in filter(os.path.isdir, sys.path):
        for entry in Path(place).iterdir():
            name = entry.name.split(".")[0]
            if name.isidentifier() and (entry.is_dir() or entry.suffix in (".py", ".so", ".pyd")):
                names.add(name)
    return names


@pytest.fixture
def hostile(tmp_path: Path, tiny_models: Path) -> Hostile:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    home = tmp_path / "home"
    home.mkdir()
    environment |= {
        "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "OMP_NUM_THREADS": "1",
        "UMTN_MODELS": str(tiny_models), "UMTN_BRIDGE_FILE": str(tmp_path / "bridge.json"),
    }  # fmt: skip
    return Hostile(tmp_path / "hostile", environment)


@contextlib.contextmanager
def bridge_in(hostile: Hostile) -> Iterator[Path]:
    """Start a bridge in that folder; gives its session folder."""
    folder = hostile.folder.parent / "bridge"
    process = subprocess.Popen(
        [
            *UMTN, "bridge", "--port", "0", "--http-port", "0", "--no-announce",
            "--session-folder", str(folder / "sessions"), "--data-folder", str(folder / "store"),
        ],
        cwd=hostile.folder, env=hostile.environment, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        place = Path(hostile.environment["UMTN_BRIDGE_FILE"])
        while not place.exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Path(json.loads(place.read_text())["session_folder"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_the_folder_is_one_that_is_noticed(hostile: Hostile) -> None:
    """What the other tests expect not to happen does, where Python is asked to look there."""
    for command in (["-c", "import numpy"], ["-m", "bridge.cli"], ["-c", "import colorsys"]):
        subprocess.run(
            [sys.executable, *command], cwd=hostile.folder, env=hostile.environment,
            capture_output=True,
        )  # fmt: skip
    # Of the command, `runpy` imports something before it comes to us.
    for name in ("numpy", "importlib", "colorsys"):
        assert f"{name} in " in hostile.seen


def test_the_bridge_and_its_workers_run_nothing_of_it(
    hostile: Hostile, recording: Callable[..., Path]
) -> None:
    with bridge_in(hostile) as session:
        source = recording(str(session / "in.wav"))
        done = hostile.run("send", source, "--to", "flute", "--model", "tiny")
        assert done.returncode == 0, done.stderr
    assert hostile.seen == ""


def test_no_command_for_musicians_runs_anything_of_it(
    hostile: Hostile, recording: Callable[..., Path]
) -> None:
    source = recording("in.wav")
    for arguments in (
        ["translate", source, "--to", "flute", "--model", "tiny"],
        ["edit", recording("edited.wav"), "--to", "flute", "--model", "tiny"],
        ["models"],
    ):
        done = hostile.run(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    assert hostile.seen == ""


@pytest.mark.long
def test_no_command_for_those_who_train_runs_anything_of_it(
    hostile: Hostile, recording: Callable[..., Path], tmp_path: Path
) -> None:
    for domain in ("oboe", "harp"):
        for take in range(4):
            recording(f"music/{domain}/{take}.wav", seconds=2.0, rate=16_000)
    store, bundle, settings = tmp_path / "store", tmp_path / "bundle", tmp_path / "settings.yaml"
    # With processes of each kind: those that read, and those that load.
    settings.write_text(SETTINGS.format(folder=tmp_path).replace("loaders: 0", "loaders: 1"))

    def done(*arguments: object, codes: tuple[int, ...] = (0,)) -> str:
        result = hostile.run(*arguments, seconds=300)
        assert result.returncode in codes, (arguments, result.stderr)
        assert "Traceback" not in result.stderr
        assert hostile.seen == "", arguments
        return result.stdout

    done("data", "prepare", tmp_path / "music", store, "--sample-rate", 16_000, "--workers", 2)
    checkpoint = done("train", settings, "--quiet").split()[-1]
    done("export", checkpoint, "-o", bundle, "--licence", "CC0-1.0")
    done("translate", recording("song.wav", seconds=0.1), "--to", "harp", "--model", bundle)
    done("bench", "--model", bundle, "--seconds", 0.1, "--streams", 1, "--engines", "cpu")
    # So small a store may hold nothing that it could be judged by.
    report = tmp_path / "report"
    done("evaluate", bundle, store, "-o", report, "--no-recordings", "--pieces", 1, codes=(0, 1))
    done("doctor", codes=(0, 1))
