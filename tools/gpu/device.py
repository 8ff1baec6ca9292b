"""The GPU as its driver tells of it, and the kernels compiled for it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import platformdirs

from umtn_core.native.cuda.image import OVERRIDE, source_fingerprint

#: Numbers of a device's attributes in cuda.h.
_MULTIPROCESSORS, _CLOCK, _MAJOR, _MINOR = 16, 13, 75, 76
#: Seconds that compiling may take.
_COMPILING = 300
_ROOT = Path(__file__).resolve().parents[2]


class DriverError(Exception):
    """The driver's own words on why there is no GPU."""


class Found(NamedTuple):
    """What the driver says of the first GPU.

    Attributes
    ----------
    name : str
    capability : str
        The compute capability without a point, as 90.
    multiprocessors : int
    megahertz : int
        The highest clock of its multiprocessors.
    megabytes : int
        All of its memory.
    """

    name: str
    capability: str
    multiprocessors: int
    megahertz: int
    megabytes: int


def find() -> Found:
    """Ask the driver for the first GPU.

    Raises
    ------
    DriverError
        If there is none that answers.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise DriverError(f"no NVIDIA driver: {error}") from error

    def call(name: str, *arguments: object) -> None:
        status = getattr(driver, name)(*arguments)
        if status:
            text = ctypes.c_char_p()
            driver.cuGetErrorString(status, ctypes.byref(text))
            said = (text.value or b"an error without a text").decode()
            raise DriverError(f"{name}: {said} (error {status})")

    number, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
    call("cuInit", 0)
    call("cuDeviceGetCount", ctypes.byref(number))
    if number.value == 0:
        raise DriverError("the driver knows of no GPU")
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuDeviceGetName", name, 256, device)
    size = ctypes.c_size_t()
    call("cuDeviceTotalMem_v2", ctypes.byref(size), device)

    def attribute(which: int) -> int:
        call("cuDeviceGetAttribute", ctypes.byref(number), which, device)
        return number.value

    return Found(
        name.value.decode(),
        f"{attribute(_MAJOR)}{attribute(_MINOR)}",
        attribute(_MULTIPROCESSORS),
        attribute(_CLOCK) // 1000,
        size.value >> 20,
    )


def image(capability: str, *, counting: bool = False) -> Path | None:
    """Find the kernels of these very sources compiled for a GPU, or compile them by nvcc.

    Parameters
    ----------
    capability
        The compute capability without a point.
    counting
        Whether they are to count what their clock cycles go to.

    Returns
    -------
    Path or None
        None where there is no nvcc: umtn has its own ways then.

    Raises
    ------
    RuntimeError
        If they do not compile.
    """
    if OVERRIDE in os.environ and not counting:
        return Path(os.environ[OVERRIDE])
    path = place(capability, counting)
    if path.exists():
        return path
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if nvcc is None:
        return None
    compile_image(nvcc, capability, path, ("-DUMTN_CLOCKS",) if counting else ())
    return path


def place(capability: str, counting: bool = False) -> Path:
    """Return where `umtn_core.native.cuda.image` looks for what it has compiled, or beside it."""
    name = f"{source_fingerprint()}{'.counting' * counting}.sm_{capability}.cubin"
    return platformdirs.user_cache_path("umtn") / "kernels" / name


def compile_image(nvcc: str, capability: str, path: Path, options: Sequence[str]) -> None:
    """Compile the kernels for GPUs of a capability.

    Raises
    ------
    RuntimeError
        If they do not compile; the text is the compiler's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.cubin")
    source = _ROOT / "umtn_core" / "native" / "cuda" / "decode.cu"
    done = subprocess.run(
        [nvcc, "-std=c++17", "-cubin", f"-arch=sm_{capability}", *options, str(source),
         "-o", str(partial)],
        capture_output=True, text=True, timeout=_COMPILING,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The kernels do not compile:\n{done.stderr[-3000:]}")
    partial.replace(path)
