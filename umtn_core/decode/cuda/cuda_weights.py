"""A decoder's weights as the CUDA kernels read them: strips of 16 rows, see `product.cuh`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.companding import LEVELS
from umtn_core.errors import UmtnError
from umtn_core.native.weight_reader import WeightReader
from umtn_core.shape import NetworkShape

CudaPrecision = Literal["fp32", "fp16", "bf16"]

#: Rows and columns of a tile; every matrix is filled up to whole ones with zeros.
TILE = 16


def padded(count: int) -> int:
    """Round up to whole tiles."""
    return -(-count // TILE) * TILE


@dataclass(frozen=True)
class CudaWeights:
    """What is uploaded once.

    Attributes
    ----------
    strips : uint8 array
        For each layer the newest tap (gates and filters of eight channels a strip), what
        goes on and to the skips, and the older taps, the oldest first; then the first
        skip, ``fc`` and ``logits``.
    layer_bytes, first_skip_at, fc_at, logits_at
        Where they begin, in bytes.
    out_bias : float32 array (layers, R + S)
    first : float32 array (bands * 256 or input_kernel, R)
    first_bias : float32 array (R,)
    fc_bias : float32 array (S,)
    logits_bias : float32 array (bands * 256,)
    """

    strips: NDArray[np.uint8]
    layer_bytes: int
    first_skip_at: int
    fc_at: int
    logits_at: int
    out_bias: NDArray[np.float32]
    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    fc_bias: NDArray[np.float32]
    logits_bias: NDArray[np.float32]


def cuda_weights(bundle: Bundle, domain: str, precision: CudaPrecision) -> CudaWeights:
    """Pack a domain's decoder.

    Raises
    ------
    UmtnError
        If the bundle has no such domain, or a weight is missing, of the wrong shape, not a
        number, or too large for the precision.
    """
    shape = bundle.shape
    reader = WeightReader(
        GraphFile.parse(bundle.decoder(domain)).weights, f"decoder of {bundle.name}"
    )
    r, s, layers = shape.residual_channels, shape.skip_channels, len(shape.dilations)
    wide, skip_wide = padded(r), padded(s)

    def strips(matrix: NDArray[np.float32]) -> NDArray[np.uint8]:
        return _strips(_as_precision(matrix, precision))

    def matrix(name: str, rows: int, columns: int) -> NDArray[np.float32]:
        return _filled(reader.array(name, (rows, columns, 1))[:, :, 0])

    parts: list[NDArray[np.uint8]] = []
    out_bias = np.zeros((layers, wide + skip_wide), np.float32)
    for i in range(layers):
        causal = reader.array(f"layers.{i}.causal.weight", (2 * r, r, shape.decoder_kernel))
        out = np.zeros((wide + skip_wide, wide), np.float32)
        if i + 1 < layers:
            out[:wide] = matrix(f"layers.{i}.residual.weight", r, r)
            out_bias[i, :r] = reader.array(f"layers.{i}.residual.bias", (r,))
        out[wide:] = matrix(f"layers.{i}.skip.weight", s, r)
        out_bias[i, wide : wide + s] = reader.array(f"layers.{i}.skip.bias", (s,))
        older = [strips(_gates(causal[:, :, tap])) for tap in range(shape.decoder_kernel - 1)]
        parts += [strips(_gates(causal[:, :, -1])), strips(out), *older]
    layer_bytes = sum(map(len, parts)) // layers
    out_bias[0, wide : wide + s] += reader.array("skip_conv.bias", (s,))
    first_skip = strips(matrix("skip_conv.weight", s, r))
    fc = strips(matrix("fc.weight", s, s))
    logits = strips(matrix("logits.weight", shape.bands * LEVELS, s))
    first, first_bias = _first(reader, shape)
    made = CudaWeights(
        np.concatenate([*parts, first_skip, fc, logits]),
        layer_bytes,
        layers * layer_bytes,
        layers * layer_bytes + len(first_skip),
        layers * layer_bytes + len(first_skip) + len(fc),
        out_bias,
        first,
        first_bias,
        np.pad(reader.array("fc.bias", (s,)), (0, skip_wide - s)),
        reader.array("logits.bias", (shape.bands * LEVELS,)),
    )
    for array in (made.out_bias, made.first, made.first_bias, made.fc_bias, made.logits_bias):
        _check_finite(array)
    return made


def _first(
    reader: WeightReader, shape: NetworkShape
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give what a code adds to the first layer's input, and its bias."""
    r = shape.residual_channels
    wide = padded(r) - r
    if shape.decoder_input == "embedding":
        table = reader.array("first_conv.weight", (shape.bands * LEVELS, r))
        return np.pad(table, ((0, 0), (0, wide))), np.zeros(r + wide, np.float32)
    table = reader.array("first_conv.weight", (r, 1, shape.input_kernel))[:, 0].T
    bias = reader.array("first_conv.bias", (r,))
    return np.ascontiguousarray(np.pad(table, ((0, 0), (0, wide)))), np.pad(bias, (0, wide))


def _filled(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill a matrix up to whole tiles."""
    rows, columns = matrix.shape
    return np.pad(matrix, ((0, padded(rows) - rows), (0, padded(columns) - columns)))


def _gates(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the rows of gates and filters together, eight channels at a time."""
    r = matrix.shape[1]
    halves = np.stack([_filled(matrix[:r]), _filled(matrix[r:])])
    wide = halves.shape[1]
    return halves.reshape(2, wide // 8, 8, wide).transpose(1, 0, 2, 3).reshape(2 * wide, wide)


def _as_precision(matrix: NDArray[np.float32], precision: CudaPrecision) -> NDArray[Any]:
    _check_finite(matrix)
    if precision == "fp32":
        return matrix
    if precision == "fp16":
        with np.errstate(over="ignore"):
            halves = matrix.astype(np.float16)
        if not np.isfinite(halves).all():
            raise UmtnError(
                "One of the model's weights is too large for fp16; use the precision bf16 or fp32."
            )
        return halves
    # To the nearest, ties to even: the upper half of a float32's bits.
    bits = matrix.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> 16).astype(
        np.uint16
    )


def _check_finite(array: NDArray[np.float32]) -> None:
    if not np.isfinite(array).all():
        raise UmtnError(
            "One of the model's weights is not a number: the model is damaged; get it again."
        )


def _strips(matrix: NDArray[Any]) -> NDArray[np.uint8]:
    """Order a matrix as the lanes of a warp read it."""
    rows, columns = matrix.shape
    if matrix.itemsize == 4:
        # (strip, four inputs, row, input)
        ordered = matrix.reshape(rows // 16, 16, columns // 4, 4).transpose(0, 2, 1, 3)
    else:
        # (strip, half of the rows, row, tile, half of the columns, pair, of the pair) to
        # (strip, tile, row, pair, half of the columns, half of the rows, of the pair)
        ordered = matrix.reshape(rows // 16, 2, 8, columns // 16, 2, 4, 2)
        ordered = ordered.transpose(0, 3, 2, 5, 4, 1, 6)
    return np.ascontiguousarray(ordered).reshape(-1).view(np.uint8)
