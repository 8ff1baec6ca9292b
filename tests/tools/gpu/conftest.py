"""A lent machine, rehearsed: an emulated GPU's driver, a bare Python, and a copy of the sources."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.gpu.bare_machine import CARRIED, ROOT, bare_python, wheel_of
from tests.umtn_core.decode.conftest import EMULATION, compile_emulation

CUDA = Path("/usr/local/cuda/include")


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a libcuda.so.1 that runs the emulated kernels, which count their cycles."""
    if not shutil.which("g++"):
        pytest.skip("no g++ to emulate the GPU with")
    if not (CUDA / "cuda.h").exists():
        pytest.skip(f"no {CUDA / 'cuda.h'} to build a driver with")
    folder = tmp_path_factory.mktemp("driver")
    compile_emulation(
        folder / "libcuda.so.1", "-shared", "-march=native", "-DUMTN_CLOCKS", f"-isystem{CUDA}",
        "-Wl,-soname,libcuda.so.1", str(EMULATION / "fake_driver.cpp"),
    )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the wheels that are carried, packed from what is installed here."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in CARRIED:
        wheel_of(name, folder)
    return folder


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has what a lent machine has."""
    return bare_python(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="session")
def installed_there(
    bare: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Install some of the carried packages into a folder of their own; returns it."""

    def install(*names: str) -> Path:
        site = tmp_path_factory.mktemp("site")
        chosen = [wheel for wheel in wheels.iterdir() if wheel.name.split("-")[0] in names]
        subprocess.run(
            [bare, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", site,
             *chosen],
            check=True,
        )  # fmt: skip
        return site

    return install


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, as they travel."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("the sources are in no git repository")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder
