"""What each graph of a bundle must be, node by node and weight by weight, for a manifest.

A graph is a program, and ONNX has operators that never end or that fill any memory. So none is
run but the one that `umtn export` writes for the shape; only the weights are a bundle's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle.graphs import (
    FLOAT,
    INT64,
    describe_conditioner,
    describe_decoder_step,
    describe_encoder,
    describe_postfilter,
)
from umtn_core.bundle.manifest import (
    ENCODER,
    Manifest,
    conditioner_file,
    decoder_file,
    postfilter_file,
)
from umtn_core.bundle.onnx_file import Port
from umtn_core.bundle.onnx_writing import node
from umtn_core.bundle.weight_sizes import Sizes, decoder_sizes, encoder_sizes, postfilter_sizes
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape

#: Bytes of a file around the graph's parts: versions, names, and who made it.
HEADER = 4096
#: Bytes that say what a part is, how long, and of which dimensions; its name is counted besides.
_AROUND = 64

_BYTES = {FLOAT: 4, INT64: 8}


@dataclass(frozen=True)
class ExpectedArray:
    """A weight or a constant of a graph.

    Attributes
    ----------
    name : str
    element : int
        ONNX's number of the element type.
    dims : tuple of int
    contents : bytes or None
        What a constant of whole numbers holds; of others only the size is known.
    """

    name: str
    element: int
    dims: tuple[int, ...]
    contents: bytes | None = None

    @property
    def bytes(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.dims) * _BYTES[self.element]


@dataclass(frozen=True)
class ExpectedGraph:
    """A graph: its nodes and ports as messages of the format, its arrays, in their order."""

    nodes: tuple[bytes, ...]
    arrays: tuple[ExpectedArray, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def least(self) -> int:
        """Bytes that its file has at least."""
        return sum(map(len, self.nodes)) + sum(array.bytes for array in self.arrays)

    @property
    def most(self) -> int:
        """Bytes that its file has at most."""
        parts = len(self.nodes) + len(self.arrays) + len(self.inputs) + len(self.outputs)
        names = sum(len(array.name) for array in self.arrays)
        return self.least + names + parts * _AROUND + HEADER


class _Recorder:
    """Takes a graph down as it must be found, see `umtn_core.bundle.graphs.Builder`."""

    def __init__(self, sizes: Sizes):
        self._sizes = sizes
        self._nodes: list[bytes] = []
        self._arrays: dict[str, ExpectedArray] = {}
        self._inputs: list[Port] = []
        self._outputs: list[Port] = []

    def input(self, name: str, dtype: int, dims: Sequence[int | str]) -> str:
        self._inputs.append(Port(name, np.float32 if dtype == FLOAT else np.int64, tuple(dims)))
        return name

    def output(self, value: str, name: str, dims: Sequence[int | str]) -> None:
        self._nodes.append(node("Identity", [value], [name], name))
        self._outputs.append(Port(name, np.float32, tuple(dims)))

    def parameter(self, name: str) -> str:
        self._arrays.setdefault(name, ExpectedArray(name, FLOAT, self._sizes[name]))
        return name

    def constant(self, values: object, dtype: type = np.int64) -> str:
        name = f"constant_{len(self._arrays)}"
        array: NDArray[np.generic] = np.asarray(values, dtype)
        whole = array.dtype == np.int64
        self._arrays[name] = ExpectedArray(
            name,
            INT64 if whole else FLOAT,
            array.shape,
            array.astype("<i8").tobytes() if whole else None,
        )
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        name = f"{kind.lower()}_{len(self._nodes)}"
        names = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self._nodes.append(node(kind, inputs, names, name, attributes))
        return names

    def reshape(self, value: str, dims: Sequence[int]) -> str:
        return self.op("Reshape", value, self.constant(dims))

    def graph(self) -> ExpectedGraph:
        return ExpectedGraph(
            tuple(self._nodes),
            tuple(self._arrays.values()),
            tuple(self._inputs),
            tuple(self._outputs),
        )


Shape = TypeVar("Shape", NetworkShape, PostfilterShape)


def _recorded(
    describe: Callable[[_Recorder, Shape], None], sizes: Callable[[Shape], Sizes], shape: Shape
) -> ExpectedGraph:
    recorder = _Recorder(sizes(shape))
    describe(recorder, shape)
    return recorder.graph()


@lru_cache(maxsize=8)
def expected_encoder(shape: NetworkShape) -> ExpectedGraph:
    """Describe the encoder's graph of a shape."""
    return _recorded(describe_encoder, encoder_sizes, shape)


@lru_cache(maxsize=8)
def expected_conditioner(shape: NetworkShape) -> ExpectedGraph:
    """Describe a conditioner's graph of a shape."""
    return _recorded(describe_conditioner, decoder_sizes, shape)


@lru_cache(maxsize=8)
def expected_decoder_step(shape: NetworkShape) -> ExpectedGraph:
    """Describe the graph of a decoder's step of a shape."""
    return _recorded(describe_decoder_step, decoder_sizes, shape)


@lru_cache(maxsize=8)
def expected_postfilter(shape: PostfilterShape) -> ExpectedGraph:
    """Describe a post-filter's graph of a shape."""
    return _recorded(describe_postfilter, postfilter_sizes, shape)


def expected_graphs(manifest: Manifest) -> dict[str, ExpectedGraph]:
    """Describe every graph of a bundle, by file name."""
    shape = manifest.shape
    expected = {ENCODER: expected_encoder(shape)}
    for domain in manifest.domains:
        expected[conditioner_file(domain.name)] = expected_conditioner(shape)
        expected[decoder_file(domain.name)] = expected_decoder_step(shape)
        if domain.postfilter is not None:
            expected[postfilter_file(domain.name)] = expected_postfilter(domain.postfilter)
    return expected
