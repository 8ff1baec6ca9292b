"""A thin layer over onnx.helper, so that a graph is written down as it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

#: 18 is the first opset whose Split makes equal parts of a size known only when run.
OPSET = 18
#: The oldest file format that may hold that opset: older runtimes can open it.
IR_VERSION = 8

Parameters = Mapping[str, NDArray[np.float32]]


class GraphBuilder:
    """Collects the nodes and weights of one ONNX graph.

    Parameters
    ----------
    name
        The graph's name.
    parameters
        Weights by their PyTorch names, which become the initializers' names. Only
        those that the graph uses are stored.
    """

    def __init__(self, name: str, parameters: Parameters):
        self._name = name
        self._parameters = parameters
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: int, dims: Sequence[int | str]) -> str:
        """Declare an input of the graph."""
        self._inputs.append(helper.make_tensor_value_info(name, dtype, dims))
        return name

    def output(self, value: str, name: str, dims: Sequence[int | str]) -> None:
        """Declare a float32 output of the graph, and give a value to it."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))

    def parameter(self, name: str) -> str:
        """Use a weight of the network, stored as PyTorch stores it, under its name there."""
        return self._store(name, np.asarray(self._parameters[name], np.float32))

    def constant(self, values: object, dtype: type = np.int64) -> str:
        """Use a small constant array."""
        return self._store(f"constant_{len(self._initializers)}", np.asarray(values, dtype))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output; returns the output's name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append a node with several outputs; returns their names."""
        node = f"{kind.lower()}_{len(self._nodes)}"
        names = [node if outputs == 1 else f"{node}.{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, name=node, **attributes))
        return names

    def reshape(self, value: str, dims: Sequence[int]) -> str:
        """Reshape; 0 keeps a dimension, -1 is what remains."""
        return self.op("Reshape", value, self.constant(dims))

    def model(self) -> onnx.ModelProto:
        """Put the model together, and check it."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._initializers.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="umtn",
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _store(self, name: str, array: NDArray[np.generic]) -> str:
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name
