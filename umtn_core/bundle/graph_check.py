"""The check that a graph is the one that the manifest's shape asks for, part by part.

It stops at the first difference, so that what is no such graph costs neither time nor memory.
"""

from __future__ import annotations

import numpy as np

from umtn_core.bundle.expected import HEADER, ExpectedArray, ExpectedGraph
from umtn_core.bundle.graphs import FLOAT, INT64
from umtn_core.bundle.onnx_file import (
    GRAPH_INITIALIZER,
    GRAPH_INPUT,
    GRAPH_OUTPUT,
    MODEL_GRAPH,
    TENSOR_DIMS,
    TENSOR_ELEMENT,
    TENSOR_NAME,
    TENSOR_RAW,
    Port,
    as_message,
    packed,
    spans,
)
from umtn_core.bundle.onnx_writing import NODE_NAME, NODE_OPERATOR, message, number, value
from umtn_core.errors import UmtnError
from umtn_core.values import shown

# Field numbers, from onnx.proto.
_GRAPH_NODE = 1
_GRAPH_NAME, _GRAPH_DOC = 2, 10
_MODEL_OPSET = 8
#: Versions of the format and of the model, who made it, what for.
_MODEL_ABOUT = range(1, 7)

#: The operators are those of ONNX itself, as of this version.
OPSET = 18
_OPSET = message(1, b"") + number(2, OPSET)

#: Bytes of a part that is looked at to say what is wrong with it.
_LOOKED_AT = 4096
#: Fields that the description of an array may have: more than dimensions, type, name and numbers.
_ARRAY_FIELDS = 16


def check_graph(contents: bytes, expected: ExpectedGraph, where: str) -> None:
    """Refuse a graph that is not the expected one.

    Parameters
    ----------
    contents
        What the ONNX file holds.
    expected
        What it must be.
    where
        What to call the file in an error.

    Raises
    ------
    UmtnError
        Naming the first difference.
    """
    try:
        _check_model(memoryview(contents), expected, where)
    except (ValueError, IndexError, OverflowError) as error:
        raise UmtnError(f"{where} is not an ONNX file.") from error


def _check_model(model: memoryview, expected: ExpectedGraph, where: str) -> None:
    graphs, opsets, about = 0, [], 0
    for field, content, span in spans(model):
        if field == MODEL_GRAPH:
            graphs += 1
            if graphs > 1:
                raise _other(where, "it holds two graphs")
            _check_graph(as_message(content), expected, where)
            continue
        about += len(span)
        if field == _MODEL_OPSET:
            opsets.append(bytes(as_message(content)[:_LOOKED_AT]))
        elif field not in _MODEL_ABOUT:
            raise _other(where, "it holds functions, or other parts that are no graph")
        if about > HEADER:
            raise _other(where, "it holds more than a graph")
    if not graphs:
        raise ValueError("no graph")
    if opsets != [_OPSET]:
        raise _other(where, f"its operators are not those of ONNX's version {OPSET} alone")


def _check_graph(graph: memoryview, expected: ExpectedGraph, where: str) -> None:
    nodes, arrays = iter(expected.nodes), iter(expected.arrays)
    inputs, outputs = iter(expected.inputs), iter(expected.outputs)
    about = 0
    for field, content, span in spans(graph):
        if field == _GRAPH_NODE:
            _check_node(as_message(content), next(nodes, None), where)
        elif field == GRAPH_INITIALIZER:
            _check_array(as_message(content), next(arrays, None), where)
        elif field == GRAPH_INPUT:
            _check_port("input", as_message(content), next(inputs, None), where)
        elif field == GRAPH_OUTPUT:
            _check_port("output", as_message(content), next(outputs, None), where)
        elif field in (_GRAPH_NAME, _GRAPH_DOC) and about + len(span) <= HEADER:
            about += len(span)
        else:
            raise _other(where, "it holds more than nodes, weights, inputs and outputs")
    for what, rest in (
        ("a node", nodes),
        ("a weight", arrays),
        ("an input", inputs),
        ("an output", outputs),
    ):
        if next(rest, None) is not None:
            raise _other(where, f"it lacks {what}")


def _check_node(node: memoryview, expected: bytes | None, where: str) -> None:
    if expected is not None and node == expected:
        return
    found = _operator(node)
    if expected is None:
        raise _other(where, f"it has a node more, {found}")
    wanted = _operator(memoryview(expected))
    if found == wanted:
        name = shown(_text_of(memoryview(expected), NODE_NAME))
        raise _other(where, f"its node {name}, {found}, has other inputs, outputs or attributes")
    raise _other(where, f"it has the node {found} where {wanted} should be")


def _operator(node: memoryview) -> str:
    return shown(_text_of(node, NODE_OPERATOR))


def _text_of(part: memoryview, wanted: int) -> str:
    """Read a text out of a part, as far as it is looked at."""
    begin = at = 0
    for field, content, span in spans(part):
        at = begin + len(span)
        if field == wanted:
            return bytes(as_message(content)[:_LOOKED_AT]).decode(errors="replace")
        if at > _LOOKED_AT:
            break
        begin = at
    return ""


def _check_array(array: memoryview, expected: ExpectedArray | None, where: str) -> None:
    name, dims, element, raw = "", list[int](), 0, memoryview(b"")
    for count, (field, content, _) in enumerate(spans(array)):
        if field not in (TENSOR_DIMS, TENSOR_ELEMENT, TENSOR_NAME, TENSOR_RAW):
            raise _other(where, "it keeps weights in another form, or in another file")
        if count == _ARRAY_FIELDS:
            raise _other(where, "it has a weight of more dimensions than any network has")
        if field == TENSOR_DIMS:
            dims += [content] if isinstance(content, int) else packed(content[:_LOOKED_AT])
        elif field == TENSOR_ELEMENT:
            element = content if isinstance(content, int) else 0
        elif field == TENSOR_NAME:
            name = bytes(as_message(content)[:_LOOKED_AT]).decode(errors="replace")
        else:
            raw = as_message(content)
    if expected is None:
        raise _other(where, f"it has a weight more, {shown(name)}")
    if name != expected.name:
        raise _other(where, f"it has the weight {shown(name)} where {expected.name} should be")
    if tuple(dims) != expected.dims or element != expected.element or len(raw) != expected.bytes:
        raise UmtnError(
            f"The weight {name} of {where} is {shown(tuple(dims))}, but the manifest's shape asks "
            f"for {expected.dims}, {expected.bytes} bytes in all."
        )
    if expected.contents is not None and raw != expected.contents:
        raise _other(where, f"its {name} is another")


def _check_port(kind: str, port: memoryview, expected: Port | None, where: str) -> None:
    if expected is not None and port == _written(expected):
        return
    found = Port.parse(port[:_LOOKED_AT])
    if expected is None:
        raise _other(where, f"it has an {kind} more, {shown(found.name)}")
    if found.name != expected.name:
        raise UmtnError(
            f"{where} has the {kind} {shown(found.name)}, but should have {expected.name}."
        )
    raise UmtnError(
        f"The {kind} {expected.name} of {where} is {_described(found)}, but the manifest's "
        f"shape asks for {_described(expected)}."
    )


def _written(port: Port) -> bytes:
    return value(port.name, FLOAT if port.element is np.float32 else INT64, port.dims)


def _described(port: Port) -> str:
    element = "of another type" if port.element is None else port.element.__name__
    return f"{element} {shown(port.dims)}"


def _other(where: str, difference: str) -> UmtnError:
    return UmtnError(
        f"{where} is not the graph that the manifest's shape asks for: {difference}; "
        "get the bundle again, or export it again."
    )
