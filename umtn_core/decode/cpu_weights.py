"""A decoder's weights from its graph's initializers, as the kernels take them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.companding import LEVELS
from umtn_core.errors import UmtnError
from umtn_core.native.library import ffi
from umtn_core.shape import NetworkShape


@contextmanager
def decoder_weights(bundle: Bundle, domain: str) -> Iterator[tuple[Any, Any]]:
    """Give the C structs ``umtn_shape`` and ``umtn_weights`` of a domain's decoder.

    They point into memory that lives as long as the context.

    Raises
    ------
    UmtnError
        If the bundle has no such domain, or a weight is missing or of the wrong shape.
    """
    shape = bundle.shape
    reader = WeightReader(GraphFile.parse(bundle.decoder(domain)).weights, bundle.name)
    r, s, layers = shape.residual_channels, shape.skip_channels, len(shape.dilations)
    dilations = ffi.new("int32_t[]", list(shape.dilations))
    described = ffi.new(
        "umtn_shape *",
        {
            "layers": layers,
            "kernel": shape.decoder_kernel,
            "residual_channels": r,
            "skip_channels": s,
            "input_kernel": shape.input_kernel,
            "embedding": shape.decoder_input == "embedding",
            "dilations": dilations,
        },
    )

    def all_layers(part: str, dims: tuple[int, ...], count: int = layers) -> Any:
        return reader.pointers([f"layers.{i}.{part}" for i in range(count)], dims)

    kernel = shape.decoder_kernel
    weights = ffi.new(
        "umtn_weights *",
        {
            **_first(reader, shape),
            "first_skip_weight": reader.pointer("skip_conv.weight", (s, r, 1)),
            "first_skip_bias": reader.pointer("skip_conv.bias", (s,)),
            "causal_weight": all_layers("causal.weight", (2 * r, r, kernel)),
            # The last layer's leads nowhere, and is not in the file.
            "residual_weight": all_layers("residual.weight", (r, r, 1), layers - 1),
            "residual_bias": all_layers("residual.bias", (r,), layers - 1),
            "skip_weight": all_layers("skip.weight", (s, r, 1)),
            "skip_bias": all_layers("skip.bias", (s,)),
            "fc_weight": reader.pointer("fc.weight", (s, s, 1)),
            "fc_bias": reader.pointer("fc.bias", (s,)),
            "logits_weight": reader.pointer("logits.weight", (LEVELS, s, 1)),
            "logits_bias": reader.pointer("logits.bias", (LEVELS,)),
        },
    )
    yield described, weights


def _first(reader: WeightReader, shape: NetworkShape) -> dict[str, Any]:
    r = shape.residual_channels
    if shape.decoder_input == "embedding":
        return {"first_weight": reader.pointer("first_conv.weight", (LEVELS, r))}
    return {
        "first_weight": reader.pointer("first_conv.weight", (r, 1, shape.input_kernel)),
        "first_bias": reader.pointer("first_conv.bias", (r,)),
    }


class WeightReader:
    """Weights by name, checked, and kept alive as long as this is."""

    def __init__(self, weights: dict[str, NDArray[Any]], model: str):
        self._weights = weights
        self._model = model
        self._kept: list[object] = []

    def array(self, name: str, dims: tuple[int, ...]) -> NDArray[np.float32]:
        """Give one array, which lies in memory without gaps."""
        array = self._weights.get(name)
        if array is None or array.shape != dims or array.dtype != np.float32:
            raise UmtnError(
                f"The decoder of the model {self._model} has no weight {name} of the shape {dims}; "
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
