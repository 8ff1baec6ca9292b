"""A chip on which the CUDA kernels run without a GPU."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import pytest
from numpy.typing import NDArray

from umtn_core.native.cuda.device import HERE, Device, OutOfDeviceMemory, ffi

EMULATION = Path(__file__).parents[1] / "native" / "cuda"

_ffi = cffi.FFI()
_ffi.cdef("int umtn_emulate(const char *, int, size_t, int, const void *, unsigned long long);")


class EmulatedDevice(Device):
    """The kernels' own sources, compiled for the processor.

    What it says of itself decides which plans are made for it: any number of blocks does run.
    """

    def __init__(
        self,
        library: Any,
        multiprocessors: int = 4,
        shared_bytes: int = 96 << 10,
        clusters: bool = False,
        memory: int = 1 << 30,
        capability: tuple[int, int] = (9, 0),
        seed: int = 0,
    ):
        self.name = "the emulated chip"
        self.capability = capability
        self.multiprocessors = multiprocessors
        self.shared_bytes = shared_bytes
        self.clusters = clusters
        self.memory = memory
        self.seed = seed
        self.launches: list[tuple[str, int, bool, int]] = []
        self._library = library
        self._held: dict[int, NDArray[np.uint8]] = {}

    def free_bytes(self) -> int:
        return self.memory - sum(map(len, self._held.values()))

    def allocate(self, size: int) -> int:
        if size > self.free_bytes():
            raise OutOfDeviceMemory("full")
        # Never zero to begin with, as on a real one.
        array = np.full(size + 256, 0xCD, np.uint8)
        address = -(-array.ctypes.data // 256) * 256
        self._held[address] = array
        return address

    def release(self, address: int) -> None:
        del self._held[address]

    def upload(self, address: int, array: NDArray[Any]) -> None:
        ffi.memmove(ffi.cast("char *", address), ffi.from_buffer(array), array.nbytes)

    def download(self, array: NDArray[Any], address: int) -> None:
        ffi.memmove(ffi.from_buffer(array), ffi.cast("char *", address), array.nbytes)

    def clear(self, address: int, size: int) -> None:
        ffi.memmove(ffi.cast("char *", address), bytes(size), size)

    def resident_blocks(
        self, kernel: str, shared: int, cluster: int = 0, threads: int = 256
    ) -> int:
        return self.multiprocessors if self.clusters or not cluster else 0

    def launch(
        self, kernel: str, blocks: int, shared: int, argument: Any, *, together: bool = False,
        cluster: int = 0, threads: int = 256,
    ) -> None:  # fmt: skip
        assert shared <= self.shared_bytes
        self.launches.append((kernel, blocks, together, cluster))
        address = _ffi.cast("void *", int(ffi.cast("uintptr_t", argument)))
        status = self._library.umtn_emulate(
            kernel.encode(), blocks, shared, cluster, address, self.seed
        )
        assert status == 0


def compile_emulation(target: Path, *options: str) -> None:
    finished = subprocess.run(
        [
            "g++", "-std=c++20", "-O2", "-ffp-contract=off", "-fPIC", "-fvisibility=hidden",
            "-DUMTN_EMULATED", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Werror",
            f"-I{EMULATION}", f"-I{HERE}", *options, str(EMULATION / "emulation.cpp"),
            "-o", str(target), "-lpthread",
        ],
        capture_output=True, text=True,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-6000:]


def emulated_library(path: Path) -> Any:
    """Open a compiled emulation."""
    return _ffi.dlopen(str(path))


@pytest.fixture(scope="session")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The compiled emulation."""
    if not shutil.which("g++"):
        pytest.skip("no g++ to emulate the GPU with")
    path = tmp_path_factory.mktemp("emulation") / "emulation.so"
    compile_emulation(path, "-shared", "-march=native")
    return emulated_library(path)


@pytest.fixture
def emulated_device(emulation: Any) -> Callable[..., EmulatedDevice]:
    """Make emulated chips: ``emulated_device(multiprocessors=3)``."""

    def make(**options: Any) -> EmulatedDevice:
        return EmulatedDevice(emulation, **options)

    return make
