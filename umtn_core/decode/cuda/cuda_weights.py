"""A decoder's weights as the CUDA kernels read them: strips of 16 rows, see `product.cuh`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import LEVELS
from umtn_core.decode.decoder_reader import decoder_reader
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
        The matrices in strips: for each layer the newest tap (gates and filters of eight channels
        a strip), what goes on and to the skips, and the older taps, the oldest first; then the
        first skip, ``fc`` and ``logits``.
    layer_bytes
        The size of a layer's strips in bytes; those of all layers come first.
    first_skip_at, fc_at, logits_at
        The places in bytes where the strips outside the layers begin.
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
    packing = _Packing(decoder_reader(bundle, domain), bundle.shape, precision)
    made = packing.packed()
    for array in (made.out_bias, made.first, made.first_bias, made.fc_bias, made.logits_bias):
        _check_finite(array)
    return made


class _Packing:
    """A decoder's weights on their way from its graph into strips.

    Parameters
    ----------
    reader
        The graph's weights by name.
    shape
        The network's shape.
    precision
        The precision of the matrices.
    """

    def __init__(self, reader: WeightReader, shape: NetworkShape, precision: CudaPrecision):
        self._reader = reader
        self._shape = shape
        self._precision = precision
        self._r, self._s = shape.residual_channels, shape.skip_channels
        self._wide, self._skip_wide = padded(self._r), padded(self._s)

    def packed(self) -> CudaWeights:
        """Pack everything; whether the biases are numbers is left to be checked."""
        s, outputs, layers = self._s, self._shape.bands * LEVELS, len(self._shape.dilations)
        parts = [strips for i in range(layers) for strips in self._layer(i)]
        layer_bytes = sum(map(len, parts)) // layers
        out_bias = self._out_bias()
        # As many rows as a layer's outputs have, of which those that go on get nothing.
        skips = self._matrix("skip_conv.weight", s, self._r)
        first_skip = self._strips(np.pad(skips, ((self._wide, 0), (0, 0))))
        fc = self._strips(self._matrix("fc.weight", s, s))
        logits = self._strips(self._matrix("logits.weight", outputs, s))
        first, first_bias = _first(self._reader, self._shape)
        first_skip_at = layers * layer_bytes
        fc_at = first_skip_at + len(first_skip)
        return CudaWeights(
            strips=np.concatenate([*parts, first_skip, fc, logits]),
            layer_bytes=layer_bytes,
            first_skip_at=first_skip_at,
            fc_at=fc_at,
            logits_at=fc_at + len(fc),
            out_bias=out_bias,
            first=first,
            first_bias=first_bias,
            fc_bias=np.pad(self._reader.array("fc.bias", (s,)), (0, self._skip_wide - s)),
            logits_bias=self._reader.array("logits.bias", (outputs,)),
        )

    def _layer(self, i: int) -> list[NDArray[np.uint8]]:
        """Pack the matrices of a layer."""
        kernel = self._shape.decoder_kernel
        causal = self._reader.array(f"layers.{i}.causal.weight", (2 * self._r, self._r, kernel))
        newest, *older = (
            self._strips(_gates(causal[:, :, tap])) for tap in (kernel - 1, *range(kernel - 1))
        )
        out = np.zeros((self._wide + self._skip_wide, self._wide), np.float32)
        if not self._is_last(i):
            out[: self._wide] = self._matrix(f"layers.{i}.residual.weight", self._r, self._r)
        out[self._wide :] = self._matrix(f"layers.{i}.skip.weight", self._s, self._r)
        return [newest, self._strips(out), *older]

    def _out_bias(self) -> NDArray[np.float32]:
        """Give what each layer adds to the residual path and to the skips."""
        layers, wide, s = len(self._shape.dilations), self._wide, self._s
        bias = np.zeros((layers, wide + self._skip_wide), np.float32)
        for i in range(layers):
            if not self._is_last(i):
                bias[i, : self._r] = self._reader.array(f"layers.{i}.residual.bias", (self._r,))
            bias[i, wide : wide + s] = self._reader.array(f"layers.{i}.skip.bias", (s,))
        bias[0, wide : wide + s] += self._reader.array("skip_conv.bias", (s,))
        return bias

    def _is_last(self, i: int) -> bool:
        """Whether a layer is the last, whose residual leads nowhere and is not in the file."""
        return i + 1 == len(self._shape.dilations)

    def _strips(self, matrix: NDArray[np.float32]) -> NDArray[np.uint8]:
        return _strips(_as_precision(matrix, self._precision))

    def _matrix(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        return _filled(self._reader.array(name, (rows, columns, 1))[:, :, 0])


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
    return _as_bfloat16(matrix)


def as_elements(array: NDArray[np.float32], precision: CudaPrecision) -> NDArray[Any]:
    """Round numbers as the kernels round activations; in fp16 large ones become its largest."""
    if precision == "fp16":
        most = np.finfo(np.float16).max
        # What is infinite stays so, and is found.
        return np.where(np.isfinite(array), array.clip(-most, most), array).astype(np.float16)
    return _as_bfloat16(array) if precision == "bf16" else array


def _as_bfloat16(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    # To the nearest, ties to even: the upper half of a float32's bits.
    bits = array.view(np.uint32)
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
