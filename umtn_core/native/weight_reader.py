"""A graph's initializers as the library takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.native.library import ffi


class WeightReader:
    """Weights by name, checked, and kept alive as long as this is.

    Parameters
    ----------
    weights
        A graph's initializers by name.
    owner
        The graph's name in sentences for people.
    """

    def __init__(self, weights: dict[str, NDArray[Any]], owner: str):
        self._weights = weights
        self._owner = owner
        self._kept: list[object] = []

    def array(self, name: str, dims: tuple[int, ...]) -> NDArray[np.float32]:
        """Give one array, which lies in memory without gaps."""
        array = self._weights.get(name)
        if array is None or array.shape != dims or array.dtype != np.float32:
            raise UmtnError(
                f"The {self._owner} has no weight {name} of the shape {dims}; "
                "export it again, or use the engine onnx."
            )
        array = np.ascontiguousarray(array)
        # In the file they begin anywhere; the kernels read whole numbers where they lie.
        return array.copy() if array.ctypes.data % array.itemsize else array

    def pointer(self, name: str, dims: tuple[int, ...]) -> Any:
        """Give one array as ``const float *``."""
        array = self.array(name, dims)
        self._kept.append(array)
        return ffi.cast("const float *", array.ctypes.data)

    def pointers(self, names: list[str], dims: tuple[int, ...]) -> Any:
        """Give several as ``const float *const *``."""
        pointers = ffi.new("const float *[]", [self.pointer(name, dims) for name in names])
        self._kept.append(pointers)
        return pointers
