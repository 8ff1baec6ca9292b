"""A decoder's weights from its graph's initializers, as the kernels take them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from umtn_core.bundle import Bundle
from umtn_core.companding import LEVELS
from umtn_core.decode.decoder_reader import decoder_reader
from umtn_core.native.library import ffi
from umtn_core.native.weight_reader import WeightReader
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
    reader = decoder_reader(bundle, domain)
    dilations = ffi.new("int32_t[]", list(bundle.shape.dilations))
    described = ffi.new("umtn_shape *", _described(bundle.shape) | {"dilations": dilations})
    weights = ffi.new("umtn_weights *", _pointers(reader, bundle.shape))
    yield described, weights


def _described(shape: NetworkShape) -> dict[str, int]:
    """Give the fields of ``umtn_shape`` that are numbers."""
    return {
        "layers": len(shape.dilations),
        "kernel": shape.decoder_kernel,
        "residual_channels": shape.residual_channels,
        "skip_channels": shape.skip_channels,
        "input_kernel": shape.input_kernel,
        "embedding": shape.decoder_input == "embedding",
        "bands": shape.bands,
    }


def _pointers(reader: WeightReader, shape: NetworkShape) -> dict[str, Any]:
    """Give the fields of ``umtn_weights``."""
    r, s = shape.residual_channels, shape.skip_channels
    outputs = shape.bands * LEVELS
    return {
        **_first(reader, shape),
        "first_skip_weight": reader.pointer("skip_conv.weight", (s, r, 1)),
        "first_skip_bias": reader.pointer("skip_conv.bias", (s,)),
        **_layers(reader, shape),
        "fc_weight": reader.pointer("fc.weight", (s, s, 1)),
        "fc_bias": reader.pointer("fc.bias", (s,)),
        "logits_weight": reader.pointer("logits.weight", (outputs, s, 1)),
        "logits_bias": reader.pointer("logits.bias", (outputs,)),
    }


def _layers(reader: WeightReader, shape: NetworkShape) -> dict[str, Any]:
    r, s, layers = shape.residual_channels, shape.skip_channels, len(shape.dilations)

    def all_layers(part: str, dims: tuple[int, ...], count: int = layers) -> Any:
        return reader.pointers([f"layers.{i}.{part}" for i in range(count)], dims)

    return {
        "causal_weight": all_layers("causal.weight", (2 * r, r, shape.decoder_kernel)),
        # The last layer's leads nowhere, and is not in the file.
        "residual_weight": all_layers("residual.weight", (r, r, 1), layers - 1),
        "residual_bias": all_layers("residual.bias", (r,), layers - 1),
        "skip_weight": all_layers("skip.weight", (s, r, 1)),
        "skip_bias": all_layers("skip.bias", (s,)),
    }


def _first(reader: WeightReader, shape: NetworkShape) -> dict[str, Any]:
    r = shape.residual_channels
    if shape.decoder_input == "embedding":
        return {"first_weight": reader.pointer("first_conv.weight", (shape.bands * LEVELS, r))}
    return {
        "first_weight": reader.pointer("first_conv.weight", (r, 1, shape.input_kernel)),
        "first_bias": reader.pointer("first_conv.bias", (r,)),
    }
