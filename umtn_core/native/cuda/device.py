"""What the `cuda` engine asks of a device, and the structs that it hands to the kernels."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError

HERE = Path(__file__).parent

#: Threads of a block, where nothing else is said.
THREADS = 256

ffi: Any = cffi.FFI()
ffi.cdef(re.sub(r"^#.*?$", "", (HERE / "work.h").read_text(encoding="utf-8"), flags=re.MULTILINE))


class OutOfDeviceMemory(UmtnError):
    """The device has not so much memory left."""


class LaunchRefused(UmtnError):
    """The device does not start a kernel in the way it was asked to."""


class Device(ABC):
    """A chip with its memory. Addresses are plain numbers.

    Attributes
    ----------
    name : str
    capability : tuple of int
        Compute capability, as (9, 0).
    multiprocessors : int
    shared_bytes : int
        Shared memory that a block can have.
    driver : str
        The version of its driver.
    """

    name: str
    driver: str = ""
    capability: tuple[int, int]
    multiprocessors: int
    shared_bytes: int

    @abstractmethod
    def free_bytes(self) -> int:
        """Memory that can still be had."""

    @abstractmethod
    def allocate(self, size: int) -> int:
        """Take memory.

        Raises
        ------
        OutOfDeviceMemory
            If there is not so much.
        """

    @abstractmethod
    def release(self, address: int) -> None:
        """Give memory back."""

    @abstractmethod
    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Copy an array without gaps to the device."""

    @abstractmethod
    def download(self, array: NDArray[Any], address: int) -> None:
        """Fill an array without gaps from the device, once all that was started is done."""

    @abstractmethod
    def clear(self, address: int, size: int) -> None:
        """Set bytes to zero."""

    @abstractmethod
    def resident_blocks(
        self, kernel: str, shared: int, cluster: int = 0, threads: int = THREADS
    ) -> int:
        """Count the blocks that can be on the device at once; 0 if clusters are unknown to it."""

    @abstractmethod
    def launch(
        self, kernel: str, blocks: int, shared: int, argument: Any, *, together: bool = False,
        cluster: int = 0, threads: int = THREADS,
    ) -> None:  # fmt: skip
        """Start a kernel.

        Parameters
        ----------
        kernel, blocks, shared
            Its name, and blocks with so many bytes of shared memory each.
        argument
            A struct of `ffi`, copied.
        together
            The blocks wait for one another, so all must be on the device at once.
        cluster
            Blocks that reach each other's shared memory; 0, none.
        threads
            The threads of a block, for which the kernel was compiled.
        """


class Memory:
    """A piece of a device's memory, given back with the object.

    Parameters
    ----------
    device
        The device whose memory it is.
    size
        The size in bytes.
    """

    def __init__(self, device: Device, size: int):
        self._device = device
        self.size = max(16, size)
        self.address = 0
        self.address = device.allocate(self.size)

    @classmethod
    def of(cls, device: Device, array: NDArray[Any]) -> Memory:
        """Take memory and copy an array there."""
        memory = cls(device, array.nbytes)
        device.upload(memory.address, np.ascontiguousarray(array))
        return memory

    def clear(self) -> None:
        """Set all to zero."""
        self._device.clear(self.address, self.size)

    def pointer(self, kind: str) -> Any:
        """Give the address as a C pointer."""
        return ffi.cast(f"{kind} *", self.address)

    def __del__(self) -> None:
        if self.address:
            self._device.release(self.address)
