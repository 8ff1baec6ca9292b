"""NVIDIA GPUs, by the CUDA driver's own library: no toolkit is needed to use them."""

from __future__ import annotations

from functools import cache
from typing import Any

from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.native.cuda.device import (
    THREADS,
    Device,
    LaunchRefused,
    OutOfDeviceMemory,
    ffi,
)
from umtn_core.native.cuda.image import kernel_image
from umtn_core.native.cuda.presence import LIBRARY, has_driver

#: The oldest chips that the kernels are made for.
OLDEST = (7, 5)

_OUT_OF_MEMORY = 2
# Names of a device's and a function's attributes, and of a launch's, in cuda.h.
_MULTIPROCESSORS, _MAJOR, _MINOR, _COOPERATIVE, _SHARED, _CLUSTERS = 16, 75, 76, 95, 97, 120
_MAX_DYNAMIC_SHARED = 8
_LAUNCH_COOPERATIVE, _LAUNCH_CLUSTER = 2, 4

ffi.cdef(
    """
    typedef struct { unsigned id; char pad[4]; unsigned value[16]; } CUlaunchAttribute;
    typedef struct {
      unsigned grid[3], block[3], shared;
      void *stream;
      CUlaunchAttribute *attributes;
      unsigned count;
    } CUlaunchConfig;
    int cuInit(unsigned flags);
    int cuDriverGetVersion(int *version);
    int cuGetErrorString(int error, const char **text);
    int cuDeviceGetCount(int *count);
    int cuDeviceGet(int *device, int ordinal);
    int cuDeviceGetName(char *name, int size, int device);
    int cuDeviceGetAttribute(int *value, int attribute, int device);
    int cuDevicePrimaryCtxRetain(void **context, int device);
    int cuCtxSetCurrent(void *context);
    int cuMemGetInfo_v2(size_t *free, size_t *total);
    int cuMemAlloc_v2(unsigned long long *address, size_t size);
    int cuMemFree_v2(unsigned long long address);
    int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t size);
    int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t size);
    int cuMemsetD8_v2(unsigned long long address, unsigned char value, size_t count);
    int cuModuleLoadData(void **module, const void *image);
    int cuModuleGetFunction(void **function, void *module, const char *name);
    int cuFuncSetAttribute(void *function, int attribute, int value);
    int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *function, int threads,
                                                    size_t shared);
    int cuOccupancyMaxActiveClusters(int *clusters, void *function, const CUlaunchConfig *config);
    int cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                       unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                       void *stream, void **arguments, void **extra);
    int cuLaunchCooperativeKernel(void *function, unsigned grid_x, unsigned grid_y,
                                  unsigned grid_z, unsigned block_x, unsigned block_y,
                                  unsigned block_z, unsigned shared, void *stream,
                                  void **arguments);
    int cuLaunchKernelEx(const CUlaunchConfig *config, void *function, void **arguments,
                         void **extra);
    """
)


@cache
def _driver() -> Any:
    """Open the driver's library."""
    if not has_driver():
        raise UmtnError(
            f"There is no NVIDIA driver on this machine ({LIBRARY} cannot be loaded); install it, "
            "or use another engine."
        )
    return ffi.dlopen(LIBRARY)


def _check(status: int, doing: str) -> None:
    if status == 0:
        return
    if status == _OUT_OF_MEMORY:
        raise OutOfDeviceMemory("The GPU's memory is full; close other programs.")
    text = ffi.new("const char **")
    known = _driver().cuGetErrorString(status, text) == 0
    reason = ffi.string(text[0]).decode() if known else f"error {status}"
    raise UmtnError(f"The GPU failed at {doing} ({reason}); use another engine.")


def open_device() -> CudaDevice:
    """Open the first GPU.

    Raises
    ------
    UmtnError
        If there is none that can be used; the text says why, and is the same for the whole process.
    """
    device = _opened()
    if isinstance(device, str):
        raise UmtnError(device)
    return device


@cache
def _opened() -> CudaDevice | str:
    """Open the first GPU, or say why not: to try in vain may take as long as to compile."""
    try:
        return CudaDevice()
    except UmtnError as error:
        return str(error)


def is_usable() -> bool:
    """Whether there is a GPU that can be used."""
    return why_not_usable() is None


def why_not_usable() -> str | None:
    """Return a sentence on why there is no GPU to use; None if there is one."""
    try:
        open_device()
    except UmtnError as error:
        return str(error)
    return None


class CudaDevice(Device):
    """The first NVIDIA GPU; ``CUDA_VISIBLE_DEVICES`` says which one that is.

    Raises
    ------
    UmtnError
        If there is none, it is too old, or its kernels cannot be loaded.
    """

    def __init__(self) -> None:
        self._driver = driver = _driver()
        self._functions: dict[str, Any] = {}
        _check(driver.cuInit(0), "starting its driver")
        version = ffi.new("int *")
        _check(driver.cuDriverGetVersion(version), "telling its version")
        self.driver = f"driver {version[0]}"
        count = ffi.new("int *")
        _check(driver.cuDeviceGetCount(count), "counting devices")
        if count[0] == 0:
            raise UmtnError("There is no NVIDIA GPU on this machine; use another engine.")
        device = ffi.new("int *")
        _check(driver.cuDeviceGet(device, 0), "opening the device")
        self._device = device[0]
        name = ffi.new("char[]", 256)
        _check(driver.cuDeviceGetName(name, 256, self._device), "reading its name")
        self.name = ffi.string(name).decode()
        self.capability = (self._attribute(_MAJOR), self._attribute(_MINOR))
        self.multiprocessors = self._attribute(_MULTIPROCESSORS)
        self.shared_bytes = self._attribute(_SHARED)
        if self.capability < OLDEST:
            raise UmtnError(
                f"The GPU {self.name} is too old (compute capability "
                f"{'.'.join(map(str, self.capability))}, 7.5 is needed); use another engine."
            )
        context = ffi.new("void **")
        _check(driver.cuDevicePrimaryCtxRetain(context, self._device), "opening a context")
        self._context = context[0]
        self._enter()
        # Kept: the driver may read the image later.
        self._image = kernel_image(self.capability)
        module = ffi.new("void **")
        _check(driver.cuModuleLoadData(module, ffi.from_buffer(self._image)), "loading the kernels")
        self._module = module[0]

    def free_bytes(self) -> int:
        """See `Device.free_bytes`."""
        self._enter()
        free, total = ffi.new("size_t *"), ffi.new("size_t *")
        _check(self._driver.cuMemGetInfo_v2(free, total), "measuring its memory")
        return int(free[0])

    def allocate(self, size: int) -> int:
        """See `Device.allocate`."""
        self._enter()
        address = ffi.new("unsigned long long *")
        _check(self._driver.cuMemAlloc_v2(address, size), "taking memory")
        return int(address[0])

    def release(self, address: int) -> None:
        """See `Device.release`."""
        self._enter()
        self._driver.cuMemFree_v2(address)

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """See `Device.upload`."""
        self._enter()
        here = ffi.cast("void *", array.ctypes.data)
        _check(self._driver.cuMemcpyHtoD_v2(address, here, array.nbytes), "an upload")

    def download(self, array: NDArray[Any], address: int) -> None:
        """See `Device.download`."""
        self._enter()
        here = ffi.cast("void *", array.ctypes.data)
        _check(self._driver.cuMemcpyDtoH_v2(here, address, array.nbytes), "running a kernel")

    def clear(self, address: int, size: int) -> None:
        """See `Device.clear`."""
        self._enter()
        _check(self._driver.cuMemsetD8_v2(address, 0, size), "clearing memory")

    def resident_blocks(
        self, kernel: str, shared: int, cluster: int = 0, threads: int = THREADS
    ) -> int:
        """See `Device.resident_blocks`."""
        if not self._attribute(_COOPERATIVE):
            return 0
        function = self._function(kernel, shared)
        found = ffi.new("int *")
        if not cluster:
            count = self._driver.cuOccupancyMaxActiveBlocksPerMultiprocessor
            _check(count(found, function, threads, shared), "counting blocks")
            return int(found[0]) * self.multiprocessors
        if not self._attribute(_CLUSTERS):
            return 0
        config, _kept = _config(cluster, threads, shared, cluster)
        if self._driver.cuOccupancyMaxActiveClusters(found, function, config):
            return 0
        return int(found[0]) * cluster

    def launch(
        self, kernel: str, blocks: int, shared: int, argument: Any, *, together: bool = False,
        cluster: int = 0, threads: int = THREADS,
    ) -> None:  # fmt: skip
        """See `Device.launch`."""
        function = self._function(kernel, shared)
        arguments = ffi.new("void *[]", [ffi.cast("void *", argument)])
        if cluster:
            config, _kept = _config(blocks, threads, shared, cluster)
            status = self._driver.cuLaunchKernelEx(config, function, arguments, ffi.NULL)
            if status:
                raise LaunchRefused(f"The GPU does not start clusters (error {status}).")
            return
        size = (blocks, 1, 1, threads, 1, 1, shared, ffi.NULL)
        if together:
            status = self._driver.cuLaunchCooperativeKernel(function, *size, arguments)
        else:
            status = self._driver.cuLaunchKernel(function, *size, arguments, ffi.NULL)
        _check(status, "starting a kernel")

    def _enter(self) -> None:
        """Make the context this thread's."""
        _check(self._driver.cuCtxSetCurrent(self._context), "entering its context")

    def _attribute(self, which: int) -> int:
        value = ffi.new("int *")
        _check(self._driver.cuDeviceGetAttribute(value, which, self._device), "describing itself")
        return int(value[0])

    def _function(self, kernel: str, shared: int) -> Any:
        self._enter()
        if kernel not in self._functions:
            function = ffi.new("void **")
            name = kernel.encode()
            _check(
                self._driver.cuModuleGetFunction(function, self._module, name), "finding a kernel"
            )
            self._functions[kernel] = function[0]
        function = self._functions[kernel]
        if shared:
            set_attribute = self._driver.cuFuncSetAttribute
            _check(set_attribute(function, _MAX_DYNAMIC_SHARED, shared), "giving shared memory")
        return function


def _config(blocks: int, threads: int, shared: int, cluster: int) -> tuple[Any, Any]:
    """Describe a launch in clusters whose blocks wait for one another."""
    attributes = ffi.new("CUlaunchAttribute[2]")
    attributes[0].id = _LAUNCH_CLUSTER
    attributes[0].value[0:3] = [cluster, 1, 1]
    attributes[1].id = _LAUNCH_COOPERATIVE
    attributes[1].value[0] = 1
    config = ffi.new("CUlaunchConfig *")
    config.grid, config.block = [blocks, 1, 1], [threads, 1, 1]
    config.shared = shared
    config.attributes, config.count = attributes, 2
    return config, attributes
