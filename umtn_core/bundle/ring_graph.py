"""Adds the ring buffers to a decoder's step graph, without the onnx package.

The graph of a bundle takes the taps that a step reads and gives the columns that it adds, and
leaves it to an engine to keep what lies between. Where that is to stay on a device, reading and
writing must happen there too: two more nodes do it, around the bundle's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from umtn_core.bundle.onnx_file import (
    GRAPH_INPUT,
    GRAPH_OUTPUT,
    MODEL_GRAPH,
    GraphFile,
    Port,
    spans,
)
from umtn_core.bundle.onnx_writing import message, node, value
from umtn_core.errors import UmtnError

_GRAPH_NODE = 1  # its field number, from onnx.proto
_FLOAT, _INT64 = 1, 7


def with_rings(step: bytes) -> bytes:
    """Have a step graph read its delayed taps from rings, and write its columns to them.

    Parameters
    ----------
    step
        Contents of a bundle's ``decoder.<domain>.onnx``.

    Returns
    -------
    bytes
        An ONNX file. In place of ``delayed`` it takes ``rings`` (rows, streams, R) and
        ``rows_read`` (delayed_taps,) int64, and in place of ``columns``, with ``rows_written``
        (layers, 1) int64, it gives ``rings_after``. Where both are bound to the same memory,
        the rings are changed in place and only the rows written are touched: ONNX Runtime
        copies the others only from one place to another. Then no row may be written that is
        read: nothing says which comes first.

    Raises
    ------
    UmtnError
        If that is not a step graph.
    """
    file = GraphFile.parse(step)
    delayed = _port(file.inputs, "delayed")
    columns = _port(file.outputs, "columns")
    rings = ("rows", *delayed.dims[1:])
    before = [
        message(_GRAPH_NODE, _node("Gather", ("rings", "rows_read"), "delayed")),
        message(GRAPH_INPUT, value("rings", _FLOAT, rings)),
        message(GRAPH_INPUT, value("rows_read", _INT64, delayed.dims[:1])),
        message(GRAPH_INPUT, value("rows_written", _INT64, (columns.dims[0], 1))),
    ]
    inputs = ("rings", "rows_written", "columns")
    after = [
        message(_GRAPH_NODE, _node("ScatterND", inputs, "rings_after")),
        message(GRAPH_OUTPUT, value("rings_after", _FLOAT, rings)),
    ]
    parts: list[bytes | memoryview] = []
    for number, field, span in spans(memoryview(step)):
        if number == MODEL_GRAPH and not isinstance(field, int):
            kept = [part for port, part in _graph_parts(field) if port not in (delayed, columns)]
            parts.append(message(MODEL_GRAPH, b"".join([*before, *kept, *after])))
        else:
            parts.append(span)
    return b"".join(parts)


def _port(ports: Sequence[Port], name: str) -> Port:
    for port in ports:
        if port.name == name:
            return port
    raise UmtnError(f"This is not the graph of a decoder's step: it has no {name!r}.")


def _graph_parts(graph: memoryview) -> list[tuple[Port | None, memoryview]]:
    """List a graph's fields, with the port that a field describes where it does."""
    return [
        (Port.parse(field), span)
        if number in (GRAPH_INPUT, GRAPH_OUTPUT) and not isinstance(field, int)
        else (None, span)
        for number, field, span in spans(graph)
    ]


def _node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    """Describe a node without attributes. Gather's axis is 0 by itself."""
    return node(operator, inputs, [output], f"rings.{operator}")
